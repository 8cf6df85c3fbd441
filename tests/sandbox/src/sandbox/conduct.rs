//! How the cloud behaves: settings of the services, and faults.

use std::time::Duration;

use super::Sandbox;
use crate::fault::{AccessCalls, ApiCalls, ApiFault, StoreCalls, StoreFault};
use crate::rules::Times;

/// Settings of the services.
impl Sandbox {
    /// Moves both servers' clock away from the real one.
    pub fn set_clock_offset(&self, seconds: i64) {
        self.cloud.clock.set_offset(seconds);
    }

    /// Makes the keys temporary: both services want [`SECURITY_TOKEN`](crate::SECURITY_TOKEN) with them, signed.
    pub fn require_temporary_keys(&self) {
        self.cloud.credentials.set_temporary();
    }

    /// Ends all credentials: the API answers 401, the store 403 `ExpiredToken`.
    pub fn expire_credentials(&self) {
        self.cloud.credentials.set_expired(true);
    }

    /// Makes expired credentials good again.
    pub fn renew_credentials(&self) {
        self.cloud.credentials.set_expired(false);
    }

    /// How long keys are good that IAM or the metadata service gives out from now on; an hour at first.
    pub fn set_key_lifetime(&self, seconds: i64) {
        self.cloud.issued.set_lifetime(seconds);
    }

    /// The store takes the keys of another account alone: [`OBS_ACCESS_KEY`](crate::OBS_ACCESS_KEY) and its like.
    pub fn bucket_of_another_account(&self) {
        self.cloud.credentials.set_foreign_bucket();
    }

    /// The projects IAM knows, by id and name; at first the one, under the region's name.
    pub fn set_projects(&self, projects: &[(&str, &str)]) {
        let owned = |(id, name): &(&str, &str)| ((*id).to_owned(), (*name).to_owned());
        self.cloud.set_projects(projects.iter().map(owned).collect());
    }

    /// The metadata service knows no sessions: it answers so to whoever wants one, and gives keys without.
    pub fn metadata_without_sessions(&self, status: u16) {
        self.cloud.set_sessionless(status);
    }

    /// The region signatures for the store must be made for; [`REGION`](crate::REGION) at first.
    pub fn set_store_region(&self, region: &str) {
        self.cloud.set_store_region(region);
    }

    /// Path-style requests get 403 `VirtualHostDomainRequired` from now on.
    pub fn virtual_hosts_only(&self) {
        self.cloud.set_virtual_hosts_only();
    }

    /// Listing the bucket is denied; an absent key in it then answers 403 `AccessDenied`.
    pub fn deny_list(&self, bucket: &str) {
        self.cloud.buckets.deny_list(bucket);
    }

    /// Reading the object is denied, whether or not it is there.
    pub fn deny_read(&self, bucket: &str, key: &str) {
        self.cloud.buckets.deny_read(bucket, key);
    }

    /// Adds this much time before every answer.
    pub fn set_latency(&self, latency: Duration) {
        self.cloud.set_latency(latency);
    }
}

/// Faults. Rules are tried in the order they were added; the first live one that fits strikes.
impl Sandbox {
    /// Disturbs calls of the Workspace API.
    pub fn fail_api(&self, calls: ApiCalls, times: Times, fault: ApiFault) {
        self.cloud.api_faults.add(calls, times, fault);
    }

    /// Disturbs requests to the store.
    pub fn fail_store(&self, calls: StoreCalls, times: Times, fault: StoreFault) {
        self.cloud.store_faults.add(calls, times, fault);
    }

    /// Disturbs calls of IAM and of the metadata service.
    pub fn fail_access(&self, calls: AccessCalls, times: Times, fault: ApiFault) {
        self.cloud.access_faults.add(calls, times, fault);
    }

    /// How many faults have struck so far, at both services.
    pub fn struck(&self) -> u64 {
        self.cloud.api_faults.struck() + self.cloud.store_faults.struck()
    }

    /// Forgets all faults not yet begun.
    pub fn heal(&self) {
        self.cloud.api_faults.clear();
        self.cloud.store_faults.clear();
        self.cloud.access_faults.clear();
    }

    /// Waits until so many answers are held back.
    ///
    /// # Panics
    /// After a minute.
    pub fn wait_until_held(&self, number: usize) {
        self.cloud.gate.wait_for(number);
    }

    /// Lets every held answer go, and holds none from now on until [`Sandbox::hold_again`].
    pub fn release(&self) {
        self.cloud.gate.open();
    }

    /// Makes holding faults hold again after a release.
    pub fn hold_again(&self) {
        self.cloud.gate.close();
    }
}
