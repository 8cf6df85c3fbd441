//! Temporary keys that end in the middle of a batch: renewed minutes before, once for all, and no request fails by it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread::JoinHandle;

use jiff::{SignedDuration, Timestamp};
use recverify::clock::Clock;
use recverify_sandbox::{
    AccessCalls, ApiCalls, ApiFault, Canned, PROJECT_ID, REGION, Recording, Sandbox, Seen, Service, TOKEN, Times,
};
use serde_json::{Value, json};

use crate::check::text;
use crate::in_process;

const RECORDS: usize = 60;
const AT_ONCE: usize = 8;
const HOUR: i64 = 3600;

/// A batch of sixty records, eight at once, held after the first ten until its clock was moved.
struct Night {
    cloud: Sandbox,
    offset: Arc<AtomicI64>,
    /// By so many milliseconds the program's clock goes on whenever it is looked at.
    pace: Arc<AtomicI64>,
    by_token: bool,
}

struct Running(JoinHandle<(i32, String)>);

impl Night {
    fn new(by_token: bool) -> Self {
        let cloud = Sandbox::start();
        for n in 0..RECORDS {
            cloud.upload(&Recording::new(&id(n)));
        }
        cloud.fail_api(ApiCalls::AnyDetails, Times::always().after(10), ApiFault::Hold);
        Self { cloud, offset: Arc::default(), pace: Arc::default(), by_token }
    }

    fn begin(&self) -> Running {
        let mut variables: BTreeMap<_, _> = [
            ("HUAWEICLOUD_REGION", REGION.to_owned()),
            ("HUAWEICLOUD_SDK_PROJECT_ID", PROJECT_ID.to_owned()),
            ("HUAWEICLOUD_SDK_IAM_ENDPOINT", self.cloud.iam_endpoint()),
            ("RECVERIFY_METADATA_ENDPOINT", self.cloud.metadata_endpoint()),
            ("RECVERIFY_OBS_ENDPOINT", self.cloud.obs_endpoint()),
            ("RECVERIFY_WORKSPACE_ENDPOINT", self.cloud.workspace_endpoint()),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
        let mut words = format!("recverify verify --format json --retry-wait 1ms --concurrency {AT_ONCE}");
        if self.by_token {
            variables.insert("RECVERIFY_AUTH_TOKEN".to_owned(), TOKEN.to_owned());
        } else {
            words.push_str(" --ecs-agency");
        }
        let ids = (0..RECORDS).map(|n| id(n).into());
        let args = words.split(' ').map(Into::into).chain(ids).collect();
        let (offset, pace, ticked) = (Arc::clone(&self.offset), Arc::clone(&self.pace), AtomicI64::new(0));
        let clock = Clock::new(move || {
            let pace = pace.load(Ordering::SeqCst);
            let ticked = SignedDuration::from_millis(ticked.fetch_add(pace, Ordering::SeqCst));
            Timestamp::now() + SignedDuration::from_secs(offset.load(Ordering::SeqCst)) + ticked
        });
        Running(std::thread::spawn(move || in_process::run(args, variables, clock)))
    }

    /// Waits until the first ten records have been read and all else is held: nothing is signed any more.
    fn stands_still(&self) {
        self.cloud.wait_until_held(AT_ONCE);
        self.cloud.wait_for(|seen| of(seen, Service::Store).filter(|seen| seen.status.is_some()).count() == 2 * 10);
    }

    /// Both clocks at once.
    fn moves_to(&self, seconds: i64) {
        self.offset.store(seconds, Ordering::SeqCst);
        self.cloud.set_clock_offset(seconds);
    }

    fn keys_given(&self) -> usize {
        let paths = ["/openstack/latest/securitykey", "/v3.0/OS-CREDENTIAL/securitytokens"];
        self.cloud.requests().iter().filter(|seen| paths.contains(&seen.path.as_str())).count()
    }

    /// Ids of the keys that signed, per service.
    fn signed_with(&self, service: Service) -> BTreeSet<String> {
        let requests = self.cloud.requests();
        let signed = of(&requests, service).filter_map(|seen| seen.header("authorization"));
        signed.filter_map(|text| Some(text[text.find("SANDBOXTEMPKEY")?..][..20].to_owned())).collect()
    }

    #[track_caller]
    fn nothing_was_refused(&self) {
        let refused: Vec<_> = self.cloud.requests().into_iter().filter(|seen| seen.status >= Some(300)).collect();
        assert!(refused.is_empty(), "{refused:#?}");
    }
}

impl Running {
    fn ended(self) -> (i32, Value) {
        let (code, report) = self.0.join().expect("it does not panic");
        (code, serde_json::from_str(&report).expect("a report"))
    }
}

fn id(n: usize) -> String {
    format!("r-{n:02}")
}

fn of(seen: &[Seen], service: Service) -> impl Iterator<Item = &Seen> {
    seen.iter().filter(move |seen| seen.service == service)
}

fn keys(numbers: &[u32]) -> BTreeSet<String> {
    numbers.iter().map(|number| format!("SANDBOXTEMPKEY{number:06}")).collect()
}

#[track_caller]
fn all_intact((code, report): (i32, Value)) {
    assert_eq!((code, &report["summary"]["intact"]), (0, &RECORDS.into()), "{}", report["summary"]);
}

#[test]
fn keys_are_renewed_minutes_before_they_end_once_for_all_tasks_and_no_request_is_refused() {
    for by_token in [false, true] {
        let night = Night::new(by_token);
        let running = night.begin();
        night.stands_still();
        assert_eq!(night.keys_given(), 1);
        // While the new ones are on their way, the others go on with the old ones.
        let calls = if by_token { AccessCalls::Exchange } else { AccessCalls::Agency };
        night.cloud.fail_access(calls, Times::once(), ApiFault::Delay(std::time::Duration::from_millis(100)));
        night.moves_to(HOUR - 240);
        night.cloud.release();
        all_intact(running.ended());
        let (of_api, of_store) = (night.signed_with(Service::Workspace), night.signed_with(Service::Store));
        // Whoever renewed signed with the new ones.
        assert_eq!((night.keys_given(), &of_api | &of_store), (2, keys(&[1, 2])));
        assert_eq!(of_api.is_empty(), by_token);
        night.nothing_was_refused();
    }
}

#[test]
fn keys_that_are_not_about_to_end_are_not_renewed() {
    let night = Night::new(false);
    let running = night.begin();
    night.stands_still();
    night.moves_to(HOUR - 360);
    night.cloud.release();
    all_intact(running.ended());
    assert_eq!(night.keys_given(), 1);
}

#[test]
fn keys_that_ended_while_nothing_went_on_are_renewed_before_the_next_request() {
    let night = Night::new(false);
    let running = night.begin();
    night.stands_still();
    night.moves_to(3 * HOUR);
    night.cloud.release();
    all_intact(running.ended());
    assert_eq!(night.keys_given(), 2);
    night.nothing_was_refused();
}

#[test]
fn a_renewal_that_fails_is_tried_again_while_the_old_keys_hold() {
    let night = Night::new(false);
    let denied = ApiFault::Answer(Canned::empty(403));
    night.cloud.fail_access(AccessCalls::Agency, Times::once().after(1), denied);
    let running = night.begin();
    night.stands_still();
    night.moves_to(HOUR - 240);
    night.pace.store(20, Ordering::SeqCst);
    night.cloud.release();
    all_intact(running.ended());
    // The refused one gave out a pair too, which nobody saw.
    assert_eq!((night.keys_given(), night.signed_with(Service::Store)), (3, keys(&[1, 3])));
}

#[test]
fn after_their_end_keys_that_were_not_renewed_are_shown_to_nobody_and_the_rest_says_why() {
    let of_agency = "the temporary keys ended and were not renewed: the agency of this cloud server gave no keys: this \
                     server has no agency; assign one to it (404)";
    let night = Night::new(false);
    night.cloud.fail_access(AccessCalls::Agency, Times::always().after(1), ApiFault::Answer(Canned::empty(404)));
    let running = night.begin();
    night.stands_still();
    night.moves_to(HOUR + 60);
    night.cloud.release();
    let (code, report) = running.ended();
    let records = report["records"].as_array().expect("records");
    let intact = records.iter().filter(|record| record["outcome"] == "intact").count();
    assert_eq!((code, records.len()), (3, RECORDS));
    assert!((10..30).contains(&intact), "{intact}");
    for record in records.iter().filter(|record| record["outcome"] != "intact") {
        let reason = &record["reason"];
        assert_eq!((text(&reason["code"]), text(&reason["message"])), ("unauthorized", of_agency), "{record:#}");
    }
    assert!(night.signed_with(Service::Store) == keys(&[1]) && night.keys_given() == 2);
    let refused = |seen: &Seen| seen.status >= Some(300) && seen.service != Service::Metadata;
    assert!(!night.cloud.requests().iter().any(refused));
}

#[test]
fn a_token_iam_rejects_at_a_renewal_is_the_reason_and_is_shown_to_nobody_again() {
    let night = Night::new(true);
    let ended = json!({"error": {"code": 401, "message": "Token expired.", "title": "Unauthorized"}});
    let rejected = ApiFault::Answer(Canned::json(401, &ended));
    night.cloud.fail_access(AccessCalls::Exchange, Times::always().after(1), rejected);
    let running = night.begin();
    night.stands_still();
    let shown = of(&night.cloud.requests(), Service::Workspace).count();
    night.moves_to(HOUR + 60);
    night.cloud.release();
    let (code, report) = running.ended();
    let records = report["records"].as_array().expect("records");
    assert_eq!((code, records.len(), night.keys_given()), (3, RECORDS, 2));
    let said: BTreeSet<_> = records.iter().map(|record| text(&record["reason"]["message"])).collect();
    let rejected = "IAM rejected the token (401 Token expired.)";
    let of_store =
        "the temporary keys ended and were not renewed: the token could not be exchanged for keys of the store";
    let not_asked = format!("not asked, so as not to lock the key: {rejected}");
    assert!(said.contains(format!("{of_store}: {rejected}").as_str()), "{said:#?}");
    assert!(said.contains(not_asked.as_str()), "{said:#?}");
    assert!(records.iter().all(|r| r["outcome"] == "intact" || r["reason"]["code"] == "unauthorized"));
    // What was under way is not called back: at most as many as are asked about ahead.
    assert!(of(&night.cloud.requests(), Service::Workspace).count() <= shown + AT_ONCE);
}
