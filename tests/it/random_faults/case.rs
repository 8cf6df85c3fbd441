//! A recording whose truth is known, and the verdicts that truth allows.

use std::fmt;

use bytes::Bytes;
use fastrand::Rng;
use recverify_sandbox::{ApiCalls, Recording, Sandbox, StoreCalls, StoreFault};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::Setting;
use super::faults::{ApiTrouble, StoreTrouble, altered_at, some_api_troubles, some_store_troubles};

/// The first unversioned, the second versioned.
pub(super) const BUCKETS: [&str; 2] = ["wks-plain", "wks-versioned"];

/// One of a recording's two objects.
pub(super) struct Object {
    role: &'static str,
    /// What the recording had, and what its digest is declared of.
    pub(super) right: Bytes,
    declared: bool,
    /// Every state of it in the run, the first one first; `None` is absent.
    pub(super) states: Vec<Option<Bytes>>,
    pub(super) troubles: Vec<StoreTrouble>,
}

/// One recording with all that is done to it.
pub(super) struct Case {
    pub(super) id: String,
    bucket: &'static str,
    size: Option<u64>,
    objects: [Object; 2],
    api: Vec<ApiTrouble>,
    spelling: u8,
}

pub(super) fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn altered(rng: &mut Rng, right: &Bytes) -> Bytes {
    match rng.u8(0..5) {
        0 if !right.is_empty() => right.slice(..rng.usize(..right.len())),
        1 => [right, b"more".as_slice()].concat().into(),
        _ => altered_at(right, rng.usize(..=right.len())),
    }
}

fn content(rng: &mut Rng) -> Bytes {
    let length = match rng.u8(0..20) {
        0 => 0,
        1 => rng.usize(50_000..200_000),
        _ => rng.usize(1..3000),
    };
    std::iter::repeat_with(|| rng.u8(..)).take(length).collect()
}

impl Object {
    fn of(rng: &mut Rng, role: &'static str, troubled: bool, setting: &Setting) -> Self {
        let right = content(rng);
        let state = match rng.u8(0..10) {
            0..=1 => Some(altered(rng, &right)),
            2 => None,
            _ => Some(right.clone()),
        };
        let mut object = Self { role, right, declared: rng.u8(0..14) > 0, states: vec![state], troubles: Vec::new() };
        if troubled {
            object.troubles = some_store_troubles(rng, &mut object, setting.stalls);
        }
        object
    }

    fn may_be(&self, state: impl Fn(Option<&Bytes>) -> bool) -> bool {
        self.states.iter().any(|found| state(found.as_ref()))
    }

    /// Whether every fault passes before the program gives the object up.
    fn is_reachable(&self, retries: u32) -> bool {
        let cost = self.troubles.iter().try_fold(0, |sum, trouble| Some(sum + trouble.passes_after?));
        cost.is_some_and(|cost| cost <= retries)
    }

    /// Whether an answer of unannounced length may have ended just where the declared bytes do.
    fn may_seem_whole(&self, state: &Bytes) -> bool {
        let ends_there = |trouble: &StoreTrouble| {
            matches!(trouble.fault, StoreFault::EndEarlyChunked(at) | StoreFault::EndEarlyClosed(at)
                if at == self.right.len() as u64)
        };
        state.starts_with(&self.right) && self.troubles.iter().any(ends_there)
    }

    fn expected(&self) -> &'static str {
        match &self.states[0] {
            None => "missing",
            Some(_) if !self.declared => "undeclared",
            Some(bytes) if *bytes == self.right => "intact",
            Some(_) => "altered",
        }
    }

    fn judge(&self, report: &Value) -> Result<(), String> {
        let observed = report["observed_sha256"].as_str();
        let right = sha256(&self.right);
        let sound = match report["outcome"].as_str().unwrap_or_default() {
            "intact" => {
                self.declared
                    && self
                        .may_be(|state| state.is_some_and(|state| *state == self.right || self.may_seem_whole(state)))
                    && observed == Some(&right)
                    && report["observed_bytes"] == self.right.len()
            }
            "altered" => {
                self.declared
                    && self.may_be(|state| state.is_some_and(|s| *s != self.right && observed == Some(&sha256(s))))
            }
            "missing" => self.may_be(|state| state.is_none()),
            "undeclared" => !self.declared,
            "unverified" => report["reason"]["code"].is_string(),
            _ => false,
        };
        if sound { Ok(()) } else { Err(format!("the {} is not {}", self.role, report["outcome"])) }
    }
}

impl Case {
    pub(super) fn of(seed: u64, setting: &Setting) -> Self {
        let mut rng = Rng::with_seed(seed);
        let troubled = rng.u8(0..3) > 0;
        let objects = ["video", "event"].map(|role| Object::of(&mut rng, role, troubled, setting));
        let [video, event] = objects.each_ref().map(|object| object.right.len() as u64);
        let size = match rng.u8(0..10) {
            0 => None,
            1 => Some(video + event + rng.u64(1..100)),
            2..=5 => Some(video + event),
            _ => Some(video),
        };
        let api = if troubled { some_api_troubles(&mut rng, setting.stalls) } else { Vec::new() };
        let bucket = *rng.choice(&BUCKETS).expect("there are two");
        Self { id: format!("seed-{seed}"), bucket, size, objects, api, spelling: rng.u8(..) }
    }

    /// Puts record, objects and faults into the cloud.
    pub(super) fn install(&self, cloud: &Sandbox) {
        let [video, event] = &self.objects;
        let recording = Recording {
            bucket: self.bucket.to_owned(),
            video: video.right.clone(),
            event: event.right.clone(),
            ..Recording::new(&self.id)
        };
        let mut record = cloud.upload(&recording);
        record["size"] = json!(self.size);
        for (object, key) in self.objects.iter().zip([recording.video_key(), recording.event_key()]) {
            let digest = &mut record[format!("{}_file_sha256", object.role)];
            *digest = match (object.declared, self.spelling % 2) {
                (true, 0) => digest.clone(),
                (true, _) => json!(sha256(&object.right).to_uppercase()),
                (false, 0) => json!(""),
                (false, _) => Value::Null,
            };
            match &object.states[0] {
                Some(bytes) if *bytes == object.right => {}
                Some(bytes) => drop(cloud.put_object(self.bucket, &key, bytes.clone())),
                None => drop(cloud.remove_object(self.bucket, &key)),
            }
            for trouble in &object.troubles {
                let calls = StoreCalls::any().of(self.bucket, &key);
                cloud.fail_store(calls, trouble.times, trouble.fault.clone());
            }
        }
        cloud.add_record(&self.id, record);
        for trouble in &self.api {
            cloud.fail_api(ApiCalls::details(&self.id), trouble.times, trouble.fault.clone());
        }
    }

    /// The one right outcome, where nothing keeps the program from it.
    pub(super) fn expected(&self, setting: &Setting) -> Option<&'static str> {
        let [video, event] = &self.objects;
        let asked = self.api.iter().try_fold(0, |sum, trouble| Some(sum + trouble.passes_after?));
        let reachable = asked.is_some_and(|asked| asked < setting.api_tries)
            && self.objects.iter().all(|object| object.is_reachable(setting.read_retries));
        let unproven = setting.listings.is_some() && self.objects.iter().any(|object| object.states[0].is_none());
        // Where the program waits only a little, a busy machine is as good as a stall.
        if !reachable || unproven || setting.stalls {
            return None;
        }
        let outcomes = [video.expected(), event.expected()];
        let both_read = self.objects.iter().all(|object| object.declared && object.states[0].is_some());
        let misfit = both_read && !self.size_may_fit(&[&video.states[..1], &event.states[..1]]);
        let grave = ["altered", "missing", "inconsistent", "undeclared", "intact"];
        let has = |outcome| outcomes.contains(outcome) || *outcome == "inconsistent" && misfit;
        grave.iter().find(|outcome| has(outcome)).copied()
    }

    /// Whether the declared size is that of the video, or of both together, in some of these states.
    fn size_may_fit(&self, [videos, events]: &[&[Option<Bytes>]; 2]) -> bool {
        let Some(size) = self.size else { return true };
        let lengths = |states: &[Option<Bytes>]| states.iter().flatten().map(|s| s.len() as u64).collect::<Vec<_>>();
        let (videos, events) = (lengths(videos), lengths(events));
        videos.iter().any(|video| size == *video || events.iter().any(|event| size == video + event))
    }

    /// Whether the report says nothing that the truth forbids, and all that it demands.
    pub(super) fn judge(&self, report: &Value, setting: &Setting) -> Result<(), String> {
        let outcome = report["outcome"].as_str().unwrap_or_default();
        let objects = report["objects"].as_array().expect("a list of objects");
        for (object, report) in self.objects.iter().zip(objects) {
            object.judge(report)?;
        }
        let all = |wanted: &str| objects.len() == 2 && objects.iter().all(|object| object["outcome"] == wanted);
        let any = |wanted: &str| objects.iter().any(|object| object["outcome"] == wanted);
        let right = self.objects.each_ref().map(|object| [Some(object.right.clone())]);
        let sound = match outcome {
            "intact" => all("intact") && self.size_may_fit(&[&right[0], &right[1]]),
            "inconsistent" => all("intact") && !self.size_may_fit(&[&right[0], &right[1]]),
            "altered" | "missing" | "undeclared" => any(outcome),
            "unverified" => report["reason"]["code"].is_string() && !any("altered") && !any("missing"),
            _ => false,
        };
        if !sound {
            return Err(format!("{} is not {outcome}", self.id));
        }
        match self.expected(setting) {
            Some(expected) if expected != outcome => Err(format!("{} is {expected}, not {outcome}", self.id)),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, bucket, size, api, .. } = self;
        write!(f, "{id} in {bucket}, declared size {size:?}, API: {api:?}")?;
        for Object { role, right, declared, states, troubles } in &self.objects {
            let states: Vec<_> = states.iter().map(|s| s.as_ref().map(|s| (s.len(), s == right))).collect();
            write!(
                f,
                "\n  {role}: declared {declared}, {} bytes, states (length, right) {states:?}, faults {troubles:?}",
                right.len()
            )?;
        }
        Ok(())
    }
}
