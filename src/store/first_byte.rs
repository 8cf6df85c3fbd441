//! Asks for the first byte of an object: whether it may be read at all, at the price of a byte.

use super::client::{Place, Store};
use super::conditions::Conditions;
use super::error::StoreError;
use crate::http::Lane;

/// The status of a range that begins behind the end: an empty object has no first byte, and its reader was let in.
const RANGE_NOT_SATISFIABLE: u16 = 416;

impl Store {
    /// Asks for the first byte of the object at `place`, once. Nothing of the body is awaited, so a store that sends all
    /// of the object instead is not listened to.
    pub async fn first_byte(&self, place: &Place) -> Result<(), StoreError> {
        let conditions = Conditions { from: Some(0), last: Some(0), ..Conditions::default() };
        match self.get(place, &conditions, Lane::Shared).await {
            Ok((head, _)) if head.is_from_a_store() => Ok(()),
            Ok(_) => Err(StoreError::Unreadable("it bears no mark of an object store".to_owned())),
            Err(error) if error.status() == Some(RANGE_NOT_SATISFIABLE) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
