//! The tests' own cloud on loopback: the Workspace API, a real S3 store, IAM and a metadata service, with faults on demand.
//!
//! ```
//! use recverify_sandbox::{Recording, Sandbox, StoreCalls, StoreFault, Times};
//!
//! let cloud = Sandbox::start();
//! let recording = Recording::new("7f1ac068-0000-4000-8000-795f4b317752");
//! let record = cloud.upload(&recording);
//! cloud.fail_store(StoreCalls::get(&recording.bucket, &recording.video_key()), Times::once(), StoreFault::Cut(100));
//! // … run the program with `cloud.environment()`, then look at `cloud.requests()` …
//! # assert_eq!(record["obs_bucket"], "wks-recordings");
//! ```
//!
//! The services check credentials before anything else, on their own and written apart from the program under test.
//! The cloud stops when [`Sandbox`] is dropped, whatever it was doing.

mod authority;
mod background;
mod canned;
mod clock;
mod cloud;
mod fault;
mod front;
mod gate;
mod iam;
mod issued;
mod journal;
mod keys;
mod line;
mod listener;
mod metadata;
mod recording;
mod relay;
mod rules;
mod sandbox;
mod script;
mod stamp;
mod store;
mod workspace;

pub use authority::{Authority, Certificate};
pub use canned::Canned;
pub use fault::{AccessCalls, ApiCalls, ApiFault, StoreCalls, StoreFault};
pub use front::{Proxy, TlsFront};
pub use journal::{Seen, Service};
pub use keys::{
    ACCESS_KEY, OBS_ACCESS_KEY, OBS_SECRET_KEY, OBS_SECURITY_TOKEN, PROJECT_ID, REGION, SECRET_KEY, SECURITY_TOKEN,
    TOKEN,
};
pub use recording::Recording;
pub use relay::{Relay, Trouble};
pub use rules::Times;
pub use sandbox::Sandbox;
pub use stamp::{StampAuthority, StampFault};
