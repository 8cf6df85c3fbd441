//! The operations s3s dispatches, answered from the buckets.

use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use jiff::Timestamp;
use s3s::dto::{
    ETag, ETagCondition, GetObjectInput, GetObjectOutput, HeadBucketInput, HeadBucketOutput, HeadObjectInput,
    HeadObjectOutput, ListObjectVersionsInput, ListObjectVersionsOutput, ListObjectsInput, ListObjectsOutput,
    ListObjectsV2Input, ListObjectsV2Output, StreamingBlob,
};
use s3s::{S3, S3Error, S3Request, S3Response, S3Result, s3_error};

use crate::cloud::Cloud;

use super::access::denied;
use super::buckets::{Content, Found};
use super::listing;

pub(crate) struct Backend {
    cloud: Arc<Cloud>,
}

/// The whole object an answer was made from, for the faults: travels as an extension of the answer.
#[derive(Clone)]
pub(crate) struct Served {
    pub(crate) object: Bytes,
    /// Where the answer's body begins in it.
    pub(crate) from: u64,
}

struct Object {
    id: Option<String>,
    content: Content,
    modified: Timestamp,
}

impl Backend {
    pub(crate) fn new(cloud: Arc<Cloud>) -> Self {
        Self { cloud }
    }

    fn object(&self, bucket: &str, key: &str, version: Option<&str>) -> S3Result<Object> {
        match self.cloud.buckets.find(bucket, key, version) {
            Found::Object { id, content, modified } => Ok(Object { id, content, modified }),
            Found::NoBucket => Err(no_bucket()),
            // Who may not list is not told whether a key exists.
            Found::NoKey | Found::NoVersion | Found::DeleteMarker { asked_for: false, .. }
                if self.cloud.buckets.list_denied(bucket) =>
            {
                Err(denied("Access Denied"))
            }
            Found::NoKey => Err(s3_error!(NoSuchKey, "The specified key does not exist.")),
            Found::NoVersion => Err(s3_error!(NoSuchVersion, "The specified version does not exist.")),
            Found::DeleteMarker { id, asked_for } => Err(delete_marker(&id, asked_for)),
        }
    }
}

fn no_bucket() -> S3Error {
    s3_error!(NoSuchBucket, "The specified bucket does not exist.")
}

fn delete_marker(id: &str, asked_for: bool) -> S3Error {
    let mut error = if asked_for {
        s3_error!(MethodNotAllowed, "The specified method is not allowed against this resource.")
    } else {
        s3_error!(NoSuchKey, "The specified key does not exist.")
    };
    let mut headers = HeaderMap::new();
    headers.insert("x-amz-delete-marker", HeaderValue::from_static("true"));
    headers.insert("x-amz-version-id", HeaderValue::try_from(id).expect("version ids are ASCII"));
    error.set_headers(headers);
    error
}

/// The conditions of a request, in the order S3 evaluates them.
fn check_conditions(
    etag: &str,
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
) -> S3Result<()> {
    let matches = |condition: &ETagCondition| {
        condition.is_any() || condition.as_etag().is_some_and(|tag| tag.as_strong() == Some(etag))
    };
    if if_match.is_some_and(|condition| !matches(condition)) {
        return Err(s3_error!(PreconditionFailed, "At least one of the preconditions you specified did not hold."));
    }
    if if_none_match.is_some_and(matches) {
        let mut error = s3_error!(NotModified, "Not Modified");
        error.set_status_code(StatusCode::NOT_MODIFIED);
        return Err(error);
    }
    Ok(())
}

fn unsatisfiable(total: u64) -> S3Error {
    let mut error = s3_error!(InvalidRange, "The requested range cannot be satisfied.");
    let mut headers = HeaderMap::new();
    headers.insert("content-range", HeaderValue::try_from(format!("bytes */{total}")).expect("digits are ASCII"));
    error.set_headers(headers);
    error
}

fn length(bytes: u64) -> i64 {
    i64::try_from(bytes).expect("an object in memory is not that long")
}

#[async_trait]
impl S3 for Backend {
    async fn get_object(&self, req: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        let input = req.input;
        let object = self.object(&input.bucket, &input.key, input.version_id.as_deref())?;
        let Content { bytes, etag, archived } = object.content;
        if archived {
            return Err(s3_error!(InvalidObjectState, "The operation is not valid for the object's storage class."));
        }
        check_conditions(&etag, input.if_match.as_ref(), input.if_none_match.as_ref())?;

        let total = bytes.len() as u64;
        let range = input.range.map(|range| range.check(total).map_err(|_| unsatisfiable(total))).transpose()?;
        let part = range.clone().unwrap_or(0..total);
        let at = |offset: u64| usize::try_from(offset).expect("within an object in memory");
        let body = s3s::Body::from(bytes.slice(at(part.start)..at(part.end)));

        let mut response = S3Response::new(GetObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            body: Some(StreamingBlob::from(body)),
            content_length: Some(length(part.end - part.start)),
            content_range: range.map(|range| format!("bytes {}-{}/{total}", range.start, range.end - 1)),
            content_type: Some("binary/octet-stream".to_owned()),
            e_tag: Some(ETag::Strong(etag)),
            last_modified: Some(SystemTime::from(object.modified).into()),
            version_id: object.id,
            ..Default::default()
        });
        response.extensions.insert(Served { object: bytes, from: part.start });
        Ok(response)
    }

    async fn head_object(&self, req: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        let input = req.input;
        let object = self.object(&input.bucket, &input.key, input.version_id.as_deref())?;
        let Content { bytes, etag, archived } = object.content;
        check_conditions(&etag, input.if_match.as_ref(), input.if_none_match.as_ref())?;
        Ok(S3Response::new(HeadObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            content_length: Some(length(bytes.len() as u64)),
            content_type: Some("binary/octet-stream".to_owned()),
            e_tag: Some(ETag::Strong(etag)),
            last_modified: Some(SystemTime::from(object.modified).into()),
            storage_class: archived.then(|| "GLACIER".to_owned().into()),
            version_id: object.id,
            ..Default::default()
        }))
    }

    async fn head_bucket(&self, req: S3Request<HeadBucketInput>) -> S3Result<S3Response<HeadBucketOutput>> {
        if self.cloud.buckets.exists(&req.input.bucket) {
            Ok(S3Response::new(HeadBucketOutput::default()))
        } else {
            Err(no_bucket())
        }
    }

    async fn list_objects(&self, req: S3Request<ListObjectsInput>) -> S3Result<S3Response<ListObjectsOutput>> {
        listing::objects(&self.cloud.buckets, req.input).ok_or_else(no_bucket).map(S3Response::new)
    }

    async fn list_objects_v2(&self, req: S3Request<ListObjectsV2Input>) -> S3Result<S3Response<ListObjectsV2Output>> {
        listing::objects_v2(&self.cloud.buckets, req.input).ok_or_else(no_bucket).map(S3Response::new)
    }

    async fn list_object_versions(
        &self,
        req: S3Request<ListObjectVersionsInput>,
    ) -> S3Result<S3Response<ListObjectVersionsOutput>> {
        listing::versions(&self.cloud.buckets, req.input).ok_or_else(no_bucket).map(S3Response::new)
    }
}
