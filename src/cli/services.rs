//! How the services are reached, how the store is read and how much is done at once, as types.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::values::{duration, memory, number, part_size};
use super::{AddressingArg, Auto, HashingArg};

/// Where the services are and how long they may take.
#[derive(Debug, Args, Default)]
#[command(next_help_heading = "Connection")]
pub struct Connection {
    /// Region of desktops and bucket [env: HUAWEICLOUD_REGION, HW_REGION_NAME]
    #[arg(long)]
    pub region: Option<String>,
    /// Project the records belong to [env: HUAWEICLOUD_SDK_PROJECT_ID, HW_PROJECT_ID] [default: found by IAM]
    #[arg(long)]
    pub project_id: Option<String>,
    /// Address of the Workspace API, instead of the region's [env: RECVERIFY_WORKSPACE_ENDPOINT]
    #[arg(long, value_name = "URL")]
    pub workspace_endpoint: Option<String>,
    /// Address of IAM, instead of the region's [env: HUAWEICLOUD_SDK_IAM_ENDPOINT]
    #[arg(long, value_name = "URL")]
    pub iam_endpoint: Option<String>,
    /// Ask the metadata service of this cloud server for temporary keys of its agency, where no keys are set
    #[arg(long)]
    pub ecs_agency: bool,
    /// File with an IAM user token for the API, instead of signing [env: RECVERIFY_AUTH_TOKEN, the token itself]
    #[arg(long, value_name = "FILE")]
    pub auth_token_file: Option<PathBuf>,
    /// PEM file of certificates to trust instead of the system's [env: SSL_CERT_FILE]
    #[arg(long, value_name = "FILE")]
    pub ca_bundle: Option<PathBuf>,
    /// Allow plain http to hosts other than this one; keys and records go unprotected
    #[arg(long)]
    pub allow_http: bool,
    /// How long making a connection may take
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration)]
    pub connect_timeout: Option<Duration>,
    /// How long nothing may come before an answer counts as stalled; less than 16 KiB in twice that time counts too
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration)]
    pub stall_timeout: Option<Duration>,
    /// How often a question to the API is asked at most
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub api_tries: u32,
    /// The first wait before a retry; it doubles up to 30s, with jitter
    #[arg(long, value_name = "TIME", default_value = "200ms", value_parser = duration)]
    pub retry_wait: Option<Duration>,
}

/// How the store is read.
#[derive(Debug, Args, Default)]
#[command(next_help_heading = "Store")]
pub struct Reading {
    /// Address of OBS without a bucket, instead of the region's [env: RECVERIFY_OBS_ENDPOINT]
    #[arg(long, value_name = "URL")]
    pub obs_endpoint: Option<String>,
    /// Region the requests to OBS are signed for, if another [env: RECVERIFY_OBS_REGION]
    #[arg(long, value_name = "REGION")]
    pub obs_region: Option<String>,
    /// How buckets are named: auto is path for an IP or localhost, else virtual [env: RECVERIFY_ADDRESSING]
    #[arg(long, value_enum)]
    pub addressing: Option<AddressingArg>,
    /// How often a read that broke off goes on; 1 MiB of progress refunds a retry
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(0..=1000))]
    pub read_retries: u32,
}

/// How much is done at once.
#[derive(Debug, Args, Default)]
#[command(next_help_heading = "Speed")]
pub struct Speed {
    /// How many records are verified at once; auto finds out how many pay, up to 64 [env: RECVERIFY_CONCURRENCY]
    #[arg(
        long,
        value_name = "N",
        value_parser = number,
        long_help = "How many records are verified at once; auto finds out how many pay, up to 64, and takes fewer where a \
                     service throttles [env: RECVERIFY_CONCURRENCY] [default: auto]"
    )]
    pub concurrency: Option<Auto<NonZeroUsize>>,
    /// How many connections a large object is read by; auto finds out how many pay, up to 12; 1 costs least CPU time
    #[arg(long, value_name = "N", default_value = "auto", value_parser = number)]
    pub parts: Auto<NonZeroUsize>,
    /// How long the parts are that such an object is divided into: 8MiB; auto is 4MiB, and less towards its end
    #[arg(long, value_name = "SIZE", default_value = "auto", value_parser = part_size)]
    pub part_size: Auto<u64>,
    /// How much of all objects together may be held in memory
    #[arg(long, value_name = "SIZE", default_value = "64MiB", value_parser = memory)]
    pub memory: u64,
    /// Where bytes are hashed: auto is inline for small objects, on a thread beside the network for large ones
    #[arg(long, value_enum, default_value_t, value_name = "WHERE")]
    pub hashing: HashingArg,
}
