//! Questions with a short answer, a look-up or a listing: asked again while that may help, as reads are.

use std::time::Duration;

use super::client::Store;
use super::error::StoreError;
use crate::fixity::Code;

impl Store {
    /// Asks until there is an answer that no repetition would change, or the retries of a read are used up. A refusal is
    /// an answer.
    pub(super) async fn patiently<T>(&self, ask: impl AsyncFn() -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut retry = 0;
        loop {
            match ask().await {
                Err(error) if error.may_pass() && retry < self.settings.read_retries => {
                    retry += 1;
                    tokio::time::sleep(self.wait_after(&error, retry)).await;
                }
                ended => return ended,
            }
        }
    }

    /// The same, and what came of it counts towards whether the store works at all.
    pub(super) async fn patiently_noted<T>(
        &self,
        ask: impl AsyncFn() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let ended = self.patiently(ask).await;
        match &ended {
            Ok(_) => self.gate.worked(),
            Err(error) => self.note(error),
        }
        ended
    }

    /// How long to wait before another request after this error.
    pub(super) fn wait_after(&self, error: &StoreError, retry: u32) -> Duration {
        match error.code() {
            Code::Throttled => self.gate.pause(),
            _ => self.backoff.wait_at_least(error.retry_after(), retry),
        }
    }
}
