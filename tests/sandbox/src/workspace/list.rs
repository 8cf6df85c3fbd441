//! The list call: filters, order and pages as documented.

use jiff::{SignedDuration, Timestamp};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::clock::parse_record_time;

const DEFAULT_LIMIT: usize = 10;
const MAX_LIMIT: usize = 100;
const MAX_DESKTOP_NAMES: usize = 100;
/// What the service looks back if neither start nor end is given.
const DEFAULT_WINDOW: SignedDuration = SignedDuration::from_hours(15 * 24);

/// One list query, checked.
struct Query {
    limit: usize,
    offset: usize,
    ascending: bool,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    /// Filters by equality: record field, wanted value.
    equal: Vec<(&'static str, String)>,
    desktop_names: Option<Vec<String>>,
}

impl Query {
    fn parse(query: &str, now: Timestamp) -> Result<Self, String> {
        let mut parsed = Self {
            limit: DEFAULT_LIMIT,
            offset: 0,
            ascending: false,
            start: None,
            end: None,
            equal: Vec::new(),
            desktop_names: None,
        };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = percent_decode_str(&value.replace('+', " "))
                .decode_utf8()
                .map_err(|_| format!("{name} is not UTF-8"))?
                .into_owned();
            match name {
                "limit" => {
                    parsed.limit = value.parse().ok().filter(|&n| n <= MAX_LIMIT).ok_or("limit")?;
                }
                "offset" => parsed.offset = value.parse().map_err(|_| "offset")?,
                "start_time" => parsed.start = Some(filter_time(&value).ok_or("start_time")?),
                "end_time" => parsed.end = Some(filter_time(&value).ok_or("end_time")?),
                "sort_field" if value == "start_time" => {}
                "sort_type" if value == "asc" => parsed.ascending = true,
                "sort_type" if value == "desc" => parsed.ascending = false,
                "desktop_id" => parsed.equal.push(("desktop_id", value)),
                "username" => parsed.equal.push(("username", value)),
                "status" => parsed.equal.push(("status", value)),
                "type" => parsed.equal.push(("type", value)),
                "desktop_names" => {
                    let names: Vec<_> = value.split(',').map(str::to_owned).collect();
                    if names.len() > MAX_DESKTOP_NAMES {
                        return Err("desktop_names has more than 100 names".to_owned());
                    }
                    parsed.desktop_names = Some(names);
                }
                _ => return Err(name.to_owned()),
            }
        }
        if parsed.start.is_none() && parsed.end.is_none() {
            parsed.start = Some(now - DEFAULT_WINDOW);
        }
        Ok(parsed)
    }

    fn admits(&self, record: &Value, started: Timestamp) -> bool {
        let text = |field: &str| record[field].as_str();
        self.start.is_none_or(|start| started >= start)
            && self.end.is_none_or(|end| started <= end)
            && self.equal.iter().all(|(field, wanted)| text(field) == Some(wanted))
            && self
                .desktop_names
                .as_ref()
                .is_none_or(|names| text("desktop_name").is_some_and(|name| names.iter().any(|n| n == name)))
    }
}

/// The list filters know one format only: `yyyy-MM-dd HH:mm:ss`.
fn filter_time(text: &str) -> Option<Timestamp> {
    text.contains(' ').then(|| parse_record_time(text))?
}

/// The answer to a list query; a record that does not say when it started is in no window.
pub(crate) fn page(records: &[Value], query: &str, now: Timestamp) -> Result<Value, String> {
    let query = Query::parse(query, now)?;
    let mut found: Vec<(Timestamp, &Value)> = records
        .iter()
        .filter_map(|record| Some((parse_record_time(record["start_time"].as_str()?)?, record)))
        .filter(|(started, record)| query.admits(record, *started))
        .collect();
    found.sort_by_key(|(started, _)| *started);
    if !query.ascending {
        found.reverse();
    }
    let page: Vec<&Value> = found.iter().skip(query.offset).take(query.limit).map(|(_, record)| *record).collect();
    Ok(json!({"screen_records": page, "total_count": found.len()}))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(query: &str) -> Vec<String> {
        let records: Vec<Value> = (1..=3)
            .map(|day| json!({"id": format!("r{day}"), "start_time": format!("2026-01-0{day} 10:00:00"), "status": "UPLOADING"}))
            .collect();
        let now = "2026-01-17T09:00:00Z".parse().unwrap();
        let page = page(&records, query, now).unwrap();
        page["screen_records"].as_array().unwrap().iter().map(|r| r["id"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn without_times_only_the_last_fifteen_days_are_listed() {
        assert_eq!(ids(""), ["r3", "r2"]);
    }

    #[test]
    fn filters_order_and_pages_apply() {
        let from_the_first = "start_time=2026-01-01%2010%3A00%3A00&sort_field=start_time&sort_type=asc";
        assert_eq!(ids(from_the_first), ["r1", "r2", "r3"]);
        assert_eq!(ids(&format!("{from_the_first}&limit=1&offset=1")), ["r2"]);
        assert_eq!(ids(&format!("{from_the_first}&status=UPLOAD_COMPLETED")), Vec::<String>::new());
    }
}
