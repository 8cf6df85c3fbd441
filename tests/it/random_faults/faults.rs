//! What can go wrong between a store, an API and the program, drawn at random.

use std::fmt;

use bytes::Bytes;
use fastrand::Rng;
use recverify_sandbox::{ApiFault, Canned, StoreFault, Times};
use serde_json::json;

use super::case::Object;

/// A fault of the store.
pub(super) struct StoreTrouble {
    pub(super) times: Times,
    pub(super) fault: StoreFault,
    /// How many retries it costs; `None` if no number of them is sure to help.
    pub(super) passes_after: Option<u32>,
}

/// A fault of the API.
#[derive(Debug)]
pub(super) struct ApiTrouble {
    pub(super) times: Times,
    pub(super) fault: ApiFault,
    /// How many tries it costs; `None` if no number of them is sure to help.
    pub(super) passes_after: Option<u32>,
}

impl fmt::Debug for StoreTrouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Bodies can be long.
        let fault: String = format!("{:?}", self.fault).chars().take(160).collect();
        write!(f, "{fault} {:?}", self.times)
    }
}

/// Up to three faults, those that replace the object noted among its states.
pub(super) fn some_store_troubles(rng: &mut Rng, object: &mut Object, stalls: bool) -> Vec<StoreTrouble> {
    let mut flipped = Vec::new();
    (0..rng.u32(0..=3))
        .flat_map(|nth| match rng.u8(0..10) {
            0..=3 => vec![passing(rng, object)],
            4 => twisted(rng, object, &mut flipped),
            5 => vec![replaced(rng, object)],
            6 if stalls => vec![lasting(rng, stalled)],
            _ => {
                let unique = nth;
                vec![lasting(rng, |rng| strange(rng, object, unique))]
            }
        })
        .collect()
}

/// The same bytes, but one: its highest bit differs, where a fault in transit flips the lowest.
pub(super) fn altered_at(bytes: &Bytes, at: usize) -> Bytes {
    let mut altered = bytes.to_vec();
    match altered.get_mut(at) {
        Some(byte) => *byte ^= 0x80,
        None => altered.push(0x80),
    }
    altered.into()
}

fn offset(rng: &mut Rng, object: &Object) -> u64 {
    rng.u64(0..=object.right.len() as u64)
}

/// What a retry gets over.
fn passing(rng: &mut Rng, object: &Object) -> StoreTrouble {
    let at = offset(rng, object);
    let times = rng.u32(1..=3);
    let fault = match rng.u8(0..10) {
        0..=2 => StoreFault::Cut(at),
        3..=4 => StoreFault::CutByReset(at),
        5 => StoreFault::Close,
        6 => StoreFault::Reset,
        7 => StoreFault::slow_down(rng.bool().then_some(0)),
        8 => StoreFault::error(429, "TooManyRequests"),
        _ => StoreFault::error(*rng.choice(&[500, 502, 503, 504]).expect("not empty"), "InternalError"),
    };
    StoreTrouble { times: Times::first(times), fault, passes_after: Some(times) }
}

/// Bits that flip on the way, in each answer another one.
fn twisted(rng: &mut Rng, object: &Object, flipped: &mut Vec<u64>) -> Vec<StoreTrouble> {
    let length = object.states[0].as_ref().map_or(0, Bytes::len) as u64;
    let mut places: Vec<_> = (0..rng.u32(1..=4)).map(|_| rng.u64(0..=length)).collect();
    places.retain(|at| !flipped.contains(at));
    places.sort_unstable();
    places.dedup();
    flipped.extend(&places);
    let trouble = |at| StoreTrouble { times: Times::once(), fault: StoreFault::FlipBit(at), passes_after: None };
    places.into_iter().map(trouble).collect()
}

/// Somebody writes to the bucket, or deletes, while it is read.
fn replaced(rng: &mut Rng, object: &mut Object) -> StoreTrouble {
    let (at, spared) = (offset(rng, object), rng.u32(0..2));
    let length = object.right.len();
    let now = match rng.u8(0..4) {
        0 => None,
        1 => Some(object.right.clone()),
        2 => Some(altered_at(&object.right, rng.usize(..=length))),
        _ => {
            // What was read before this point and what stands behind it now would be right together, and neither is.
            let before = altered_at(&object.right, length.saturating_sub(1));
            if object.states.len() == 1 && object.troubles.is_empty() {
                object.states[0] = Some(before);
            }
            Some(altered_at(&object.right, 0))
        }
    };
    let fault = match &now {
        Some(bytes) => StoreFault::Overwrite(at, bytes.clone()),
        None => StoreFault::Remove(at),
    };
    object.states.push(now);
    StoreTrouble { times: Times::once().after(spared), fault, passes_after: None }
}

fn lasting(rng: &mut Rng, fault: impl FnOnce(&mut Rng) -> (StoreFault, bool)) -> StoreTrouble {
    let (fault, may_repeat) = fault(rng);
    let times = match rng.u8(0..4) {
        0 if may_repeat => Times::always(),
        1 if may_repeat => Times::first(rng.u32(2..=4)),
        _ => Times::once().after(rng.u32(0..2)),
    };
    StoreTrouble { times, fault, passes_after: None }
}

fn stalled(rng: &mut Rng) -> (StoreFault, bool) {
    (if rng.bool() { StoreFault::NoAnswer } else { StoreFault::Stall(rng.u64(0..3000)) }, rng.bool())
}

/// Answers that are not what they should be; with each, whether it may come again. Bodies that bear the store's marks
/// come once, and no two are equal.
fn strange(rng: &mut Rng, object: &Object, unique: u32) -> (StoreFault, bool) {
    let at = offset(rng, object);
    let shift = rng.i64(1..50) * if rng.bool() { 1 } else { -1 };
    let page = Canned::new(200, "text/html", format!("<!DOCTYPE html><title>page {unique}</title>"));
    match rng.u8(0..23) {
        0 => (StoreFault::EndEarlyChunked(at), true),
        1 => (StoreFault::EndEarlyClosed(at), true),
        2 => (StoreFault::LongLength(rng.u64(1..100)), true),
        3 => (StoreFault::ShiftedRange(shift), true),
        4 => (StoreFault::WrongTotal(shift), true),
        5 => (StoreFault::IgnoreRange, true),
        6 => (StoreFault::ETag("\"another\""), true),
        7 => (StoreFault::NoETag, true),
        8 => (StoreFault::WeakETag, true),
        9 => (StoreFault::Stranger(Canned::html(200)), true),
        10 => (StoreFault::Stranger(Canned::html(*rng.choice(&[403, 404, 502]).expect("not empty"))), true),
        11 => (StoreFault::Stranger(Canned::redirect(302, "https://login.example/")), true),
        12 => (StoreFault::Impostor(page), false),
        13 => (StoreFault::Answer(page), false),
        14 => (StoreFault::Answer(Canned::empty(404)), true),
        15 => (
            StoreFault::error(404, rng.choice(&["NoSuchBucket", "NotFound", "NoSuchVersion"]).expect("not empty")),
            true,
        ),
        16 => (StoreFault::error(403, rng.choice(&["AccessDenied", "InvalidObjectState"]).expect("not empty")), true),
        17 => (StoreFault::error(412, "PreconditionFailed"), true),
        18 => (StoreFault::error(416, "InvalidRange"), true),
        19 => (StoreFault::error(400, "InvalidRequest"), true),
        20 => (StoreFault::error(503, "InternalError"), true),
        21 => (StoreFault::RefuseIfMatch, true),
        _ => (StoreFault::RefuseVersion, true),
    }
}

/// Most often none.
pub(super) fn some_api_troubles(rng: &mut Rng, stalls: bool) -> Vec<ApiTrouble> {
    let error = |status| ApiFault::Answer(Canned::error(status, "WKS.0500", "sorry"));
    let (fault, passes) = match rng.u8(0..60) {
        0..=1 => (ApiFault::Close, true),
        2..=3 => (ApiFault::Reset, true),
        4..=5 => (ApiFault::Cut(rng.u64(0..400)), true),
        6..=8 => (error(*rng.choice(&[429, 500, 502, 503, 504]).expect("not empty")), true),
        9 => (error(403), false),
        10 => (error(404), false),
        11 => (ApiFault::Answer(Canned::camel_case_error(404, "APIGW.0101", "no such API")), false),
        12 => (ApiFault::Answer(Canned::html(200)), false),
        13 => (ApiFault::Answer(Canned::json(200, &json!({"id": "another", "video_file_sha256": "00"}))), false),
        14 => (ApiFault::Answer(Canned::json(200, &json!({}))), false),
        15 => (ApiFault::Answer(Canned::redirect(302, "https://login.example/")), false),
        16 => (ApiFault::Gzip, false),
        17 => (ApiFault::Flood(2 << 20), false),
        18 if stalls => (ApiFault::Stall, false),
        _ => return Vec::new(),
    };
    let times = rng.u32(1..=2);
    vec![ApiTrouble { times: Times::first(times), fault, passes_after: passes.then_some(times) }]
}
