//! The real binary against the sandbox: what a user, a cron job or an attacker would see.

#![allow(unreachable_pub, reason = "one binary of many modules, nothing of it is exported")]
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "in tests a panic is how a failure is told")]

mod docs;
mod harness;
mod monitoring;
mod reports;
mod smoke;
mod watchdog;
