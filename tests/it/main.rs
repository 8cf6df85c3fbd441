//! The real binary against the sandbox: what a user, a cron job or an attacker would see.

#![allow(unreachable_pub, reason = "one binary of many modules, nothing of it is exported")]
#![allow(clippy::format_push_string, clippy::format_collect, reason = "a test may take a copy too many")]
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "in tests a panic is how a failure is told")]

mod absence;
mod access;
mod api_line;
mod api_refusal;
mod asked_again;
mod auditors;
mod bad_input;
mod bad_ledger;
mod chain;
mod changed;
mod check;
mod circumstances;
mod credential;
mod credentials;
mod crontab;
mod digest;
mod disagree;
mod docs;
mod doctor;
mod evidence;
mod exhausting;
mod full_disk;
mod harness;
mod hostile;
mod in_process;
mod interruption;
mod json_shape;
mod killed;
mod ledger;
mod matrix;
mod mix;
mod mode;
mod monitoring;
mod months;
mod night;
mod offline;
mod parts;
mod place;
mod private;
mod proxy;
mod radosgw;
mod random_faults;
mod rejected_key;
mod renewal;
mod report_files;
mod reports;
mod resume;
mod schema;
mod secrets;
mod short;
mod size;
mod smoke;
mod smuggling;
mod status;
mod store_refusal;
mod text_shape;
mod thirty_nights;
mod throttling;
mod tls;
mod view;
mod watchdog;
mod window;
