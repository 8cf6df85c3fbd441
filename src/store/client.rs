//! The S3 client, set up as OBS needs it, and its single requests.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use aws_credential_types::provider::{error::CredentialsError, future};
use aws_runtime::auth::PayloadSigningOverride;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Builder, ConfigBag, Credentials, IdentityCache, Intercept, ProvideCredentials, Region,
    RequestChecksumCalculation, ResponseChecksumValidation, RuntimeComponents, StalledStreamProtectionConfig,
};
use aws_sdk_s3::error::BoxError;
use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_async::time::TimeSource;
use secrecy::ExposeSecret as _;

use super::buffers::Buffers;
use super::conditions::Conditions;
use super::connector::sdk_client;
use super::error::StoreError;
use super::head::{Head, HeadCapture};
use super::lookups::Lookups;
use super::metering::Hashing;
use super::parts::Parts;
use crate::clock::{Backoff, Clock, Offset, OffsetMeter};
use crate::credentials::{Access, AccessKey, Keyring};
use crate::endpoint::Endpoint;
use crate::evidence::{Keeping, LookupBy};
use crate::fixity::Code;
use crate::gate::Gate;
use crate::http::{HttpClient, HttpError, Lane};
use crate::redact::Redactor;

/// How a bucket is named in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addressing {
    /// In the path: `endpoint/bucket/key`; what IP addresses and emulators need.
    Path,
    /// In the host: `bucket.endpoint/key`; all that OBS's public domains answer.
    Virtual,
}

/// Where and how the store is asked.
#[derive(Debug, Clone)]
pub struct StoreSettings {
    /// Its address, without a bucket.
    pub endpoint: Endpoint,
    /// The region requests are signed for.
    pub region: String,
    /// How buckets are named.
    pub addressing: Addressing,
    /// How often a read that broke off goes on, progress refunding it.
    pub read_retries: u32,
    /// How large objects are divided among connections.
    pub parts: Parts,
    /// Where bytes are hashed.
    pub hashing: Hashing,
    /// What may be held of objects in memory, in bytes.
    pub memory: u64,
}

/// One object's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// A well-formed bucket name.
    pub bucket: String,
    /// The key.
    pub key: String,
}

/// What a look at an object without its bytes found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its length, if the store said so.
    pub bytes: Option<u64>,
    /// Its change token.
    pub etag: Option<String>,
    /// Its version.
    pub version_id: Option<String>,
    /// When it was last written.
    pub last_modified: Option<String>,
    /// How it is kept.
    pub keeping: Keeping,
}

impl Found {
    fn of(head: Head) -> Self {
        Self {
            bytes: head.content_length,
            etag: head.etag,
            version_id: head.version_id,
            last_modified: head.last_modified,
            keeping: head.keeping,
        }
    }
}

/// A client of the store for one run.
#[derive(Debug)]
pub struct Store {
    pub(super) buffers: Buffers,
    pub(super) settings: StoreSettings,
    pub(super) gate: Gate,
    keys: Keyring,
    pub(super) clock: Clock,
    pub(super) backoff: Backoff,
    redactor: Redactor,
    pub(super) shared: Client,
    fresh: Client,
    pub(super) offset: Arc<OffsetMeter>,
    /// Buckets of which an object was read in this run: their address is right.
    read_from: Mutex<BTreeSet<String>>,
}

impl Store {
    /// A client that has asked nothing yet.
    #[must_use]
    pub fn new(settings: StoreSettings, access: &Access, http: &HttpClient, clock: Clock, backoff: Backoff) -> Self {
        let Access { store: keys, redactor, .. } = access.clone();
        let client = |lane| {
            let config = config(&settings, &keys, &clock);
            Client::from_conf(config.http_client(sdk_client(http.clone(), lane)).build())
        };
        let (shared, fresh) = (client(Lane::Shared), client(Lane::Fresh));
        let gate = Gate::new("the store", keys.rejection(), backoff.clone());
        Self {
            buffers: Buffers::new(settings.memory),
            redactor,
            gate,
            keys,
            clock,
            backoff,
            shared,
            fresh,
            offset: Arc::default(),
            read_from: Mutex::default(),
            settings,
        }
    }

    /// Asks for bytes; returns when the head of the answer is there.
    pub(super) async fn get(
        &self,
        place: &Place,
        conditions: &Conditions,
        lane: Lane,
    ) -> Result<(Head, ByteStream), StoreError> {
        let pass = self.enter(place).await?;
        self.get_under(pass, place, conditions, lane).await.0
    }

    async fn get_under(
        &self,
        pass: crate::gate::Pass<'_>,
        place: &Place,
        conditions: &Conditions,
        lane: Lane,
    ) -> (Result<(Head, ByteStream), StoreError>, HeadCapture) {
        let client = match lane {
            Lane::Shared => &self.shared,
            Lane::Fresh => &self.fresh,
        };
        let capture = HeadCapture::new(&self.clock, &self.offset);
        let answer = client
            .get_object()
            .bucket(&place.bucket)
            .key(&place.key)
            .set_range(conditions.range())
            .set_if_match(conditions.if_match.clone())
            .set_version_id(conditions.version_id.clone())
            .customize()
            .interceptor(capture.clone())
            .send()
            .await;
        let answer = match (answer, capture.head()) {
            (Ok(output), Some(head)) => {
                if head.is_from_a_store() {
                    pass.accepted();
                }
                Ok((head, output.body))
            }
            (Ok(_), None) => Err(StoreError::Unreadable("it has no head".to_owned())),
            (Err(error), head) => Err(self.settle(pass, StoreError::of(&error, head))),
        };
        (answer, capture)
    }

    /// Looks an object up without its bytes, again where that may help.
    pub async fn look_up(&self, place: &Place, noted: &Lookups) -> Result<Found, StoreError> {
        self.patiently_noted(async || self.look_up_once(place, noted).await).await
    }

    /// One look-up.
    pub(super) async fn look_up_once(&self, place: &Place, noted: &Lookups) -> Result<Found, StoreError> {
        let pass = self.enter(place).await?;
        let capture = HeadCapture::new(&self.clock, &self.offset);
        let request = self.shared.head_object().bucket(&place.bucket).key(&place.key);
        let answer = request.customize().interceptor(capture.clone()).send().await;
        let found = match (answer, capture.head()) {
            (Ok(_), Some(head)) if head.is_from_a_store() => {
                pass.accepted();
                Ok(Found::of(head))
            }
            (Ok(_), _) => Err(StoreError::Unreadable("it bears no mark of an object store".to_owned())),
            // The answer to a HEAD has no body, so only a GET can say which kind of 403 or 404 it is. It goes under the
            // same pass: a key that is rejected must not be shown by others meanwhile.
            (Err(_), Some(Head { status: 403 | 404, .. })) => {
                noted.note(LookupBy::Head, &capture, None);
                let (answer, capture) = self.get_under(pass, place, &Conditions::default(), Lane::Shared).await;
                noted.note(LookupBy::Get, &capture, answer.as_ref().err());
                return answer.map(|(head, _)| Found::of(head));
            }
            (Err(error), head) => Err(self.settle(pass, StoreError::of(&error, head))),
        };
        noted.note(LookupBy::Head, &capture, found.as_ref().err());
        found
    }

    /// Whether a listing shows the place's key, which would stand first in it. By version 1 of the listing, the only one
    /// that OBS's parallel file systems answer. One that contradicts itself or breaks off shows nothing.
    pub(super) async fn is_listed(&self, place: &Place, noted: &Lookups) -> Result<bool, StoreError> {
        self.patiently_noted(async || self.list_once(place, noted).await).await
    }

    async fn list_once(&self, place: &Place, noted: &Lookups) -> Result<bool, StoreError> {
        let pass = self.enter(place).await?;
        let capture = HeadCapture::new(&self.clock, &self.offset);
        let request = self.shared.list_objects().bucket(&place.bucket).prefix(&place.key).max_keys(1);
        let listed = match request.customize().interceptor(capture.clone()).send().await {
            Ok(listing) => {
                let keys: Option<Vec<_>> = listing.contents().iter().map(|object| object.key()).collect();
                let sound = capture.is_whole_listing()
                    && listing.name() == Some(&place.bucket)
                    && listing.prefix() == Some(&place.key)
                    && keys.as_ref().is_some_and(|keys| {
                        keys.iter().all(|key| key.starts_with(&place.key))
                            && (!keys.is_empty() || listing.is_truncated() != Some(true))
                    });
                match keys.filter(|_| sound) {
                    Some(keys) => {
                        pass.accepted();
                        Ok(keys.contains(&place.key.as_str()))
                    }
                    None => Err(StoreError::Unreadable("it is no whole listing of that key".to_owned())),
                }
            }
            Err(error) => Err(self.settle(pass, StoreError::of(&error, capture.head()))),
        };
        noted.note(LookupBy::List, &capture, listed.as_ref().err());
        listed
    }

    /// Notes that an object of this bucket was read.
    pub fn note_read(&self, bucket: &str) {
        self.read_from.lock().unwrap_or_else(PoisonError::into_inner).insert(bucket.to_owned());
    }

    /// Whether an object of this bucket was read in this run, with the same addressing.
    #[must_use]
    pub fn has_read_from(&self, bucket: &str) -> bool {
        self.read_from.lock().unwrap_or_else(PoisonError::into_inner).contains(bucket)
    }

    /// How far this machine's clock is from the store's, as far as its answers tell.
    #[must_use]
    pub fn clock_offset(&self) -> Option<Offset> {
        self.offset.narrowest()
    }

    /// Host and port that are asked for an object.
    #[must_use]
    pub fn host(&self, place: &Place) -> String {
        let authority = self.settings.endpoint.authority();
        match self.settings.addressing {
            Addressing::Path => authority.to_owned(),
            Addressing::Virtual => format!("{}.{authority}", place.bucket),
        }
    }

    /// How often the store was left alone so far, because it throttles.
    #[must_use]
    pub fn pauses(&self) -> u64 {
        self.gate.pauses()
    }

    /// Notes how an operation ended, all its tries included.
    pub(super) fn note(&self, error: &StoreError) {
        match error {
            StoreError::Http(HttpError::Name { host, .. }) => self.gate.unresolved(host, &error.to_string()),
            StoreError::NotAsked(_) | StoreError::NoAccess(_) => {}
            _ if error.is_service_level() => self.gate.failed(error.code(), &error.to_string()),
            _ => self.gate.worked(),
        }
    }

    /// Lets the gate know what an error says of the credential, and keeps the credential out of its words.
    pub(super) fn settle(&self, pass: crate::gate::Pass<'_>, error: StoreError) -> StoreError {
        let error = match error {
            StoreError::Refused(mut refusal) => {
                refusal.answer = self.redactor.answer(refusal.answer);
                StoreError::Refused(refusal)
            }
            other => other,
        };
        if error.is_rejection() {
            pass.rejected(&error.to_string());
        } else if error.code() == Code::Throttled {
            pass.throttled(error.retry_after(), &error.to_string());
        } else if error.is_acceptance() {
            pass.accepted();
        }
        error
    }

    pub(super) async fn enter(&self, place: &Place) -> Result<crate::gate::Pass<'_>, StoreError> {
        let endpoint = &self.settings.endpoint;
        // Before the gate, so that a new key goes alone at first; behind it, because it may have been a long wait. A failure
        // has its reason here; the SDK signs with what is held then.
        self.keys.current().await?;
        let pass = match self.settings.addressing {
            Addressing::Path => self.gate.enter(endpoint.host()).await,
            Addressing::Virtual if endpoint.is_https() && place.bucket.contains('.') => {
                return Err(StoreError::Unsendable(
                    "a bucket name with a dot cannot be part of a host name over TLS; try --addressing path".to_owned(),
                ));
            }
            Addressing::Virtual => self.gate.enter(&format!("{}.{}", place.bucket, endpoint.host())).await,
        }
        .map_err(StoreError::NotAsked)?;
        self.keys.current().await?;
        Ok(pass)
    }
}

/// What OBS needs (facts on OBS as an S3 store): no default checksums, no retries and no stall guard but our own, no
/// learning of the server's clock, and the payload unsigned where TLS guards it.
fn config(settings: &StoreSettings, keys: &Keyring, clock: &Clock) -> Builder {
    let builder = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(settings.endpoint.to_string())
        .region(Region::new(settings.region.clone()))
        .credentials_provider(Provider(keys.clone()))
        // Each request asks anew, so that the key a renewal brought signs from then on.
        .identity_cache(IdentityCache::no_cache())
        .force_path_style(settings.addressing == Addressing::Path)
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
        .retry_config(RetryConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .disable_clock_skew_correction(true)
        .time_source(SdkClock(clock.clone()));
    if settings.endpoint.is_https() { builder.interceptor(UnsignedPayload) } else { builder }
}

/// Hands the key that is held over to the SDK.
#[derive(Debug)]
struct Provider(Keyring);

impl ProvideCredentials for Provider {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let key = self.0.latest().ok_or_else(CredentialsError::not_loaded_no_source);
        future::ProvideCredentials::ready(key.map(|AccessKey { id, secret, security_token }| {
            let token = security_token.map(|token| token.expose_secret().to_owned());
            Credentials::new(id, secret.expose_secret(), token, None, "recverify")
        }))
    }
}

#[derive(Debug)]
struct SdkClock(Clock);

impl TimeSource for SdkClock {
    fn now(&self) -> std::time::SystemTime {
        self.0.system_time()
    }
}

/// Signs requests with `UNSIGNED-PAYLOAD`, the one non-streaming form the vendor's page names.
#[derive(Debug)]
struct UnsignedPayload;

impl Intercept for UnsignedPayload {
    fn name(&self) -> &'static str {
        "UnsignedPayload"
    }

    fn modify_before_signing(
        &self,
        _: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        config.interceptor_state().store_put(PayloadSigningOverride::UnsignedPayload);
        Ok(())
    }
}
