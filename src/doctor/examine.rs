//! Asks both services what a verification would ask them, and no more than a byte of each object.

use uuid::Uuid;

use super::clock;
use super::subject::{Identity, Subject};
use crate::clock::Clock;
use crate::event::Watch;
use crate::http::{Greeting, HttpClient, HttpError};
use crate::record::{Location, LocationError, Readiness, Record, RecordId, Role};
use crate::store::{Absence, Lookups, Place, Store, StoreError};
use crate::workspace::{ApiError, Workspace};

/// By what the services are asked.
pub struct Surgery<'a> {
    /// Without a credential.
    pub http: &'a HttpClient,
    /// The Workspace API.
    pub workspace: &'a Workspace,
    /// The store.
    pub store: &'a Store,
    /// The time of day.
    pub clock: &'a Clock,
    /// Whoever wants to know of retries.
    pub watch: &'a dyn Watch,
}

/// What the services answered; `None` stands for what was not asked.
#[derive(Debug)]
pub struct Examined {
    /// The Workspace API, without a credential.
    pub api: Result<Greeting, HttpError>,
    /// The store, without a credential.
    pub store: Result<Greeting, HttpError>,
    /// The newest records of the window.
    pub listing: Option<Result<Vec<Record>, ApiError>>,
    /// One record.
    pub record: Option<(RecordId, Result<Record, ApiError>)>,
    /// Its objects.
    pub objects: Option<Objects>,
}

/// What the store answered about the objects of a record.
#[derive(Debug)]
pub struct Objects {
    /// The video.
    pub video: Probe,
    /// The event file.
    pub event: Probe,
    /// A key beside them that cannot be there; `None` if the record names no usable place.
    pub absent: Option<Result<(), StoreError>>,
}

/// What came of asking for the first byte of an object.
#[derive(Debug)]
pub enum Probe {
    /// The record names no usable place for it.
    Unplaced(LocationError),
    /// It was asked for.
    Asked {
        /// Where.
        place: Place,
        /// What the store answered.
        answer: Result<(), StoreError>,
        /// Whether it is proven absent, where the store says that it is.
        absence: Option<Absence>,
    },
}

/// Asks whatever the answers so far leave to be asked.
pub async fn examine(subject: &Subject, by: &Surgery<'_>) -> Examined {
    let (api, store) = tokio::join!(by.http.knock(&subject.api, by.clock), by.http.knock(&subject.store, by.clock));
    let mut seen = Examined { api, store, listing: None, record: None, objects: None };
    // A signature that has to be refused would count as a bad one.
    let clock_is_off = clock::is_off(&seen.api, &seen.store);
    if seen.api.is_err() || (clock_is_off && subject.to_api != Identity::Token) {
        return seen;
    }
    let listed = by.workspace.newest(&subject.criteria, by.watch).await.map_err(|failure| failure.error);
    let goes_on = listed.as_ref().map_or_else(|error| !error.is_service_level(), |_| true);
    let id = subject.record_id.clone().or_else(|| example(listed.as_deref().unwrap_or_default()));
    seen.listing = Some(listed);
    let Some(id) = id.filter(|_| goes_on) else { return seen };
    let answer = by.workspace.details(&id, by.watch).await;
    let answer = answer.map(|details| details.record).map_err(|failure| failure.error);
    if let Ok(record) = &answer
        && is_fit(&id, record)
        && seen.store.is_ok()
        && !clock_is_off
    {
        seen.objects = Some(look_into(record, by.store).await);
    }
    seen.record = Some((id, answer));
    seen
}

/// The newest record whose files should be in the bucket, or else the newest there is.
fn example(newest_first: &[Record]) -> Option<RecordId> {
    let uploaded = newest_first.iter().filter(|record| is_there(record));
    uploaded.chain(newest_first).find_map(|record| record.id.as_deref()?.parse().ok())
}

/// Whether the answer is about the record that was asked for.
pub(super) fn is_about(id: &RecordId, record: &Record) -> bool {
    record.id.as_deref().is_none_or(|found| found == id.as_str())
}

/// Whether the files of a record should be in the bucket.
pub(super) fn is_there(record: &Record) -> bool {
    matches!(record.readiness(), Readiness::Uploaded | Readiness::Unknown)
}

fn is_fit(id: &RecordId, record: &Record) -> bool {
    is_about(id, record) && is_there(record)
}

async fn look_into(record: &Record, store: &Store) -> Objects {
    let video = look_at(record, Role::Video, store).await;
    let event = look_at(record, Role::Event, store).await;
    let beside = [&video, &event].into_iter().find_map(|probe| match probe {
        Probe::Asked { place, .. } => Some(absent_key_beside(place)),
        Probe::Unplaced(_) => None,
    });
    let absent = match beside {
        Some(place) => Some(store.first_byte(&place).await),
        None => None,
    };
    Objects { video, event, absent }
}

async fn look_at(record: &Record, role: Role, store: &Store) -> Probe {
    let Location { bucket, key, alternative } = match record.location(role) {
        Ok(location) => location,
        Err(why) => return Probe::Unplaced(why),
    };
    let mut place = Place { bucket, key };
    let mut answer = store.first_byte(&place).await;
    if let (Err(error), Some(key)) = (&answer, alternative)
        && error.says_absent()
    {
        let other = Place { bucket: place.bucket.clone(), key };
        let of_other = store.first_byte(&other).await;
        if of_other.is_ok() {
            (place, answer) = (other, of_other);
        }
    }
    let absence = match &answer {
        Ok(()) => {
            store.note_read(&place.bucket);
            None
        }
        Err(error) if error.says_absent() => Some(store.prove_absence(&place, &Lookups::default()).await),
        Err(_) => None,
    };
    Probe::Asked { place, answer, absence }
}

/// A key in the same directory that nobody can have given an object.
fn absent_key_beside(place: &Place) -> Place {
    const LONGEST_KEY: usize = 1024;
    let name = format!("recverify-doctor-{}", Uuid::now_v7());
    let directory = place.key.rsplit_once('/').map_or("", |(directory, _)| directory);
    let beside = format!("{directory}/{name}");
    let key = if directory.is_empty() || beside.len() > LONGEST_KEY { name } else { beside };
    Place { bucket: place.bucket.clone(), key }
}
