//! What a long stretch came to, for people: the table of nights, and what the ledger costs at its end.

use super::Alarms;
use super::calendar::Calendar;
use super::model::Expected;

/// A line a night; like nights share one.
#[derive(Default)]
pub struct Table(Vec<(i64, i64, String)>);

impl Table {
    pub fn add(&mut self, night: i64, seen: &Expected) {
        let mut kinds = std::collections::BTreeMap::<String, u64>::new();
        for told in seen.verified.values().filter(|told| told.outcome != "intact") {
            let known = if told.acknowledged { " (acknowledged)" } else { "" };
            *kinds.entry(format!("{}: {}{known}", told.outcome, told.reason)).or_default() += 1;
        }
        let mut words: Vec<_> = kinds.into_iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        if seen.left > 0 {
            words.push("some left".to_owned());
        }
        if seen.overdue {
            words.push("coverage_overdue".to_owned());
        }
        let line = format!("exit {}  {}", seen.code, words.join(", "));
        match self.0.last_mut() {
            Some((_, last, same)) if *same == line => *last = night,
            _ => self.0.push((night, night, line)),
        }
    }

    pub fn print(&self, _alarms: &Alarms, _calendar: &Calendar) {
        for (first, last, line) in &self.0 {
            eprintln!("{first:>3} to {last:>3}  {line}");
        }
    }
}

pub fn print(_stretch: &super::Stretch) {}
