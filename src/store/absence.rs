//! The proof before an object is called missing: a 404 alone may be a wrong address, even while HeadBucket works.

use super::client::{Place, Store};
use super::error::StoreError;
use super::lookups::Lookups;

/// What looking for a proof of absence gave.
#[derive(Debug)]
pub enum Absence {
    /// The object is not there; the words say what proves it.
    Proven(String),
    /// Nothing proves it; the words say why.
    Unproven(String),
}

impl Store {
    /// Looks for a proof that the object at `place` is absent, after a GET of it was answered with a 404.
    ///
    /// Either a listing of that very key, with the same addressing, does not show it, or another object of the bucket
    /// was read in this run. A listing that fails in a way that may pass is asked for again.
    pub async fn prove_absence(&self, place: &Place, noted: &Lookups) -> Absence {
        if self.has_read_from(&place.bucket) {
            return Absence::Proven("another object of the bucket was read in this run".to_owned());
        }
        match self.is_listed(place, noted).await {
            Ok(true) => Absence::Unproven("the store says there is no such object, yet lists it".to_owned()),
            Ok(false) => Absence::Proven("a listing of the bucket does not show it".to_owned()),
            Err(error) => Absence::Unproven(format!("the store says there is no such object, but {}", why(&error))),
        }
    }
}

fn why(error: &StoreError) -> String {
    match error.status() {
        Some(403) => "without leave to list the bucket nothing proves it; grant obs:bucket:ListBucket".to_owned(),
        _ => format!("the listing that would prove it failed: {error}"),
    }
}
