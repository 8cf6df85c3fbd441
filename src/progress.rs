//! Events → bars on a terminal, lines in a log; the only place that knows indicatif.
//!
//! One bar for each object being read and one for the whole run, on standard error. Without a terminal nothing is drawn;
//! with `-v` retries are told in lines either way.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::event::{Event, ObjectRef, Watch};
use crate::record::Role;
use crate::report::{decimal_bytes, visible};
use crate::streams::Diagnostics;

/// What an operator watches a run by.
pub struct Progress {
    bars: MultiProgress,
    diagnostics: Diagnostics,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    total: Option<ProgressBar>,
    /// Whether the number of records is not known yet.
    counting: bool,
    objects: BTreeMap<(String, Role), ProgressBar>,
    /// Bytes read by objects that are finished.
    finished_bytes: u64,
}

impl Progress {
    /// Draws bars if `draw`, else none.
    #[must_use]
    pub fn new(draw: bool, diagnostics: Diagnostics) -> Self {
        let target = if draw { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Self { bars: MultiProgress::with_draw_target(target), diagnostics, state: Mutex::default() }
    }

    /// Lets `write` write while no bar is drawn.
    pub fn suspend<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bars.suspend(write)
    }

    fn tell(&self, text: &str) {
        self.suspend(|| self.diagnostics.detail(text));
    }

    fn object_started(&self, state: &mut State, object: ObjectRef<'_>, bytes: Option<u64>, pass: u8) {
        let bar = match bytes {
            Some(bytes) => ProgressBar::new(bytes).with_style(style(OBJECT)),
            None => ProgressBar::no_length().with_style(style(OBJECT_OF_UNKNOWN_LENGTH)),
        };
        let again = if pass > 1 { " again" } else { "" };
        let bar = bar.with_message(format!("{}{again} {}", object.role, visible(object.record.as_str())));
        let bar = match &state.total {
            Some(total) => self.bars.insert_before(total, bar),
            None => self.bars.add(bar),
        };
        if let Some(old) = state.objects.insert(key(object), bar) {
            self.remove(&old);
        }
    }

    fn remove(&self, bar: &ProgressBar) {
        bar.finish_and_clear();
        self.bars.remove(bar);
    }
}

impl Watch for Progress {
    fn on(&self, event: &Event<'_>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::RunStarted { records } => {
                let total = self.bars.add(ProgressBar::new(records.unwrap_or(0)).with_style(style(TOTAL)));
                state.counting = records.is_none();
                total.enable_steady_tick(Duration::from_millis(250));
                state.total = Some(total);
            }
            Event::ReadStarted { object, bytes, pass } => self.object_started(&mut state, *object, *bytes, *pass),
            Event::ReadProgress { object, position } => {
                if let Some(bar) = state.objects.get(&key(*object)) {
                    bar.set_position(*position);
                }
            }
            Event::ObjectFinished { object, .. } => {
                if let Some(bar) = state.objects.remove(&key(*object)) {
                    state.finished_bytes += bar.position();
                    self.remove(&bar);
                }
            }
            Event::RecordFinished { .. } => {
                if let Some(total) = &state.total {
                    let elapsed = total.elapsed().as_secs().max(1);
                    let rate = decimal_bytes(state.finished_bytes / elapsed);
                    total.set_message(format!("{}, {rate}/s", decimal_bytes(state.finished_bytes)));
                    total.inc(1);
                }
            }
            Event::ApiRetry { about, message, wait, .. } => {
                self.tell(&format!("{about}: {message}; asking again in {}", seconds(*wait)));
            }
            Event::ReadRetry { object, position, message, wait, .. } => {
                let ObjectRef { record, role } = object;
                self.tell(&format!("{record} {role}: {message}; going on from byte {position} in {}", seconds(*wait)));
            }
            Event::RunFinished => {
                for bar in std::mem::take(&mut state.objects).values() {
                    self.remove(bar);
                }
                if let Some(total) = state.total.take() {
                    self.remove(&total);
                }
            }
            Event::RecordStarted { .. } => {
                if let Some(total) = state.total.as_ref().filter(|_| state.counting) {
                    total.inc_length(1);
                }
            }
        }
    }
}

// Each fits a terminal of 80 columns; the name takes what is left.
const OBJECT: &str =
    "{wide_msg} [{bar:12}] {decimal_bytes:>9}/{decimal_total_bytes:<9} {decimal_bytes_per_sec:>11} ETA {eta:>3}";
const OBJECT_OF_UNKNOWN_LENGTH: &str = "{wide_msg} {decimal_bytes:>9} {decimal_bytes_per_sec:>11}";
const TOTAL: &str = "{pos}/{len} records [{bar:24}] {msg} ETA {eta}";

fn style(template: &str) -> ProgressStyle {
    // The templates are constants, and a test goes through all of them.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> ")
}

fn key(object: ObjectRef<'_>) -> (String, Role) {
    (object.record.to_string(), object.role)
}

fn seconds(wait: Duration) -> String {
    format!("{:.1} s", wait.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_is_valid() {
        for template in [OBJECT, OBJECT_OF_UNKNOWN_LENGTH, TOTAL] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }
}
