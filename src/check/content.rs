//! What a JSON report says, read record by record, and whether it fits together.

use std::collections::HashSet;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::marker::PhantomData;
use std::path::Path;

use jiff::Timestamp;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::finding::{Check, Finding};
use super::record::{Call, Digest, Record, parsed};
use crate::fixity::Outcome;
use crate::report::SCHEMA;

/// What is kept of a report.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) finished_at: Timestamp,
    /// The objects of which a digest was observed.
    pub(super) objects: Vec<ReadObject>,
    records: Records,
    pub(super) run: Run,
    summary: Summary,
}

/// An object that was read.
#[derive(Debug)]
pub(super) struct ReadObject {
    pub(super) record_id: String,
    pub(super) role: String,
    pub(super) bucket: String,
    pub(super) key: String,
    pub(super) observed: Digest,
}

#[derive(Debug, Deserialize)]
struct Document {
    schema: String,
    records: Records,
    run: Run,
    summary: Summary,
}

#[derive(Debug, Deserialize)]
struct LastLine {
    schema: String,
    run: Run,
    summary: Summary,
}

#[derive(Debug, Deserialize)]
pub(super) struct Run {
    pub(super) id: String,
    #[serde(deserialize_with = "parsed")]
    finished_at: Timestamp,
    pub(super) chain: Option<Chain>,
    expected: Vec<Option<String>>,
    listing: Calls,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Chain {
    pub(super) before: ChainHead,
    pub(super) after: ChainHead,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct ChainHead {
    pub(super) seq: i64,
    pub(super) sha256: Digest,
}

#[derive(Debug, Deserialize)]
struct Summary {
    records: u64,
    intact: u64,
    altered: u64,
    missing: u64,
    inconsistent: u64,
    undeclared: u64,
    unverified: u64,
    selected: u64,
    skipped: u64,
    not_ready: u64,
}

/// All records, of which only what is wrong, what counts and what was read is kept.
#[derive(Debug, Default)]
struct Records {
    ids: Vec<String>,
    counts: [u64; 6],
    outcome_faults: Vec<String>,
    answer_faults: Vec<String>,
    objects: Vec<ReadObject>,
}

impl Records {
    fn add(&mut self, record: Record) {
        self.counts[place(record.outcome.0)] += 1;
        self.outcome_faults.extend(record.outcome_fault());
        self.answer_faults.extend(record.answer_fault());
        let record_id = record.id;
        self.objects.extend(record.objects.into_iter().filter_map(|object| {
            Some(ReadObject {
                record_id: record_id.clone(),
                role: object.role,
                bucket: object.bucket?,
                key: object.key?,
                observed: object.observed_sha256?,
            })
        }));
        self.ids.push(record_id);
    }
}

fn place(outcome: Outcome) -> usize {
    // Every outcome is one of all.
    Outcome::ALL.iter().position(|other| *other == outcome).unwrap_or(0)
}

impl<'de> Deserialize<'de> for Records {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut records = Self::default();
        one_by_one(deserializer, |record| records.add(record))?;
        Ok(records)
    }
}

/// The calls of a listing, of which only what is wrong is kept.
#[derive(Debug, Default)]
struct Calls {
    faults: Vec<String>,
}

impl<'de> Deserialize<'de> for Calls {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut calls = Self::default();
        let fault = |call: Call| Some(format!("the listing: {}", call.fault()?));
        one_by_one(deserializer, |call| calls.faults.extend(fault(call)))?;
        Ok(calls)
    }
}

/// Takes a list element by element, so that it is never in memory as a whole.
fn one_by_one<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
    take: impl FnMut(T),
) -> Result<(), D::Error> {
    struct OneByOne<T, F>(F, PhantomData<T>);
    impl<'de, T: Deserialize<'de>, F: FnMut(T)> Visitor<'de> for OneByOne<T, F> {
        type Value = ();
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }
        fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
            while let Some(element) = list.next_element()? {
                (self.0)(element);
            }
            Ok(())
        }
    }
    deserializer.deserialize_seq(OneByOne(take, PhantomData))
}

impl Content {
    /// Reads a report; `None` for a format that is not looked into, in words why it is none.
    pub(super) fn read(path: &Path) -> io::Result<Option<Result<Self, String>>> {
        let extension = path.extension().and_then(|extension| extension.to_str());
        let file = BufReader::new(File::open(path)?);
        let read = match extension {
            Some("json") => serde_json::from_reader(file).map_err(|error| error.to_string()),
            Some("jsonl") => lines(file)?,
            _ => return Ok(None),
        };
        Ok(Some(read.and_then(|Document { schema, mut records, run, summary }| {
            if schema == SCHEMA {
                let objects = std::mem::take(&mut records.objects);
                Ok(Self { finished_at: run.finished_at, objects, records, run, summary })
            } else {
                Err(format!("its schema is \"{schema}\""))
            }
        })))
    }

    /// Whether it fits together.
    pub(super) fn findings(&self) -> Vec<Finding> {
        let records = self.records.ids.len();
        let answers = [&self.records.answer_faults[..], &self.run.listing.faults].concat();
        vec![
            Finding::ok(Check::Schema, format!("{SCHEMA}, run {}", self.run.id)),
            Finding::of_faults(Check::Counts, &self.count_faults(), format!("{records} records, as the totals say")),
            Finding::of_faults(Check::Outcomes, &self.records.outcome_faults, "each is what was observed"),
            Finding::of_faults(Check::Answers, &answers, "each has the digest it is said to have"),
        ]
    }

    fn count_faults(&self) -> Vec<String> {
        let Summary { altered, missing, inconsistent, unverified, undeclared, intact, .. } = self.summary;
        let told = [altered, missing, inconsistent, unverified, undeclared, intact];
        let mut faults = Vec::new();
        for ((outcome, told), counted) in Outcome::ALL.iter().zip(told).zip(self.records.counts) {
            if told != counted {
                faults.push(format!("the totals say {told} {outcome}, and there are {counted}"));
            }
        }
        let Summary { records, selected, skipped, not_ready, .. } = self.summary;
        if records != self.records.ids.len() as u64 {
            faults.push(format!("the totals say {records} records, and there are {}", self.records.ids.len()));
        }
        let expected: HashSet<_> = self.run.expected.iter().flatten().map(String::as_str).collect();
        let mut seen = HashSet::new();
        for id in &self.records.ids {
            if !seen.insert(id.as_str()) {
                faults.push(format!("{id} stands twice"));
            }
            if !expected.contains(id.as_str()) {
                faults.push(format!("{id} was not selected"));
            }
        }
        if selected != self.run.expected.len() as u64 {
            faults.push(format!("the totals say {selected} selected, and {} are named", self.run.expected.len()));
        }
        if records.saturating_add(skipped).saturating_add(not_ready) > selected {
            faults.push("more records than were selected are accounted for".to_owned());
        }
        faults
    }

    /// Whether it follows the report of the run before.
    pub(super) fn chain(&self, previous: Option<&Path>) -> io::Result<Finding> {
        let Some(path) = previous else {
            let message = match self.run.chain {
                Some(_) => "not held against the report before; give it with --previous",
                None => "the run had no ledger, so nothing ties it to others",
            };
            return Ok(Finding::skip(Check::Chain, message));
        };
        let previous = match Self::read(path)? {
            Some(Ok(previous)) => previous,
            Some(Err(why)) => {
                return Ok(Finding::fail(Check::Chain, format!("the report before is no sound report: {why}")));
            }
            None => return Ok(Finding::fail(Check::Chain, "of the report before the .json or .jsonl is needed")),
        };
        Ok(match (&previous.run.chain, &self.run.chain) {
            (Some(before), Some(this)) if before.after == this.before => {
                Finding::ok(Check::Chain, format!("follows the run {} without a gap", previous.run.id))
            }
            (Some(before), Some(this)) if before.after.seq < this.before.seq => Finding::skip(
                Check::Chain,
                format!(
                    "rows {} to {} lie between the run {} and this one, of acknowledgements or of other runs; whether                      the one goes back to the other, the ledger tells: recverify ledger verify --report",
                    before.after.seq + 1,
                    this.before.seq,
                    previous.run.id
                ),
            ),
            (Some(before), Some(this)) => Finding::fail(
                Check::Chain,
                format!(
                    "the run {} left the chain at row {} ({}), and this one found it at row {} ({})",
                    previous.run.id, before.after.seq, before.after.sha256.0, this.before.seq, this.before.sha256.0
                ),
            ),
            _ => Finding::fail(Check::Chain, "a run without a ledger is tied to no other"),
        })
    }
}

/// Reads a report of lines: records, and one line at the end.
fn lines(file: BufReader<File>) -> io::Result<Result<Document, String>> {
    let mut records = Records::default();
    let mut last: Option<LastLine> = None;
    for (number, line) in file.lines().enumerate() {
        let line = match line {
            Ok(line) => line,
            Err(error) if error.kind() == io::ErrorKind::InvalidData => return Ok(Err("it is no text".to_owned())),
            Err(error) => return Err(error),
        };
        let malformed = |error: serde_json::Error| format!("line {}: {error}", number + 1);
        if last.is_some() {
            return Ok(Err("something stands behind its last line".to_owned()));
        }
        let parsed = if line.starts_with("{\"schema\":") {
            serde_json::from_str(&line).map(|line| last = Some(line))
        } else {
            serde_json::from_str(&line).map(|record| records.add(record))
        };
        if let Err(error) = parsed {
            return Ok(Err(malformed(error)));
        }
    }
    Ok(match last {
        Some(LastLine { schema, run, summary }) => Ok(Document { schema, records, run, summary }),
        None => Err("it has no last line".to_owned()),
    })
}
