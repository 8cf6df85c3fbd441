//! Listings of a bucket: objects (both editions of the call) and versions. No delimiter: nothing here asks for folders.

use std::time::SystemTime;

use s3s::dto::{
    DeleteMarkerEntry, ETag, EncodingType, ListObjectVersionsInput, ListObjectVersionsOutput, ListObjectsInput,
    ListObjectsOutput, ListObjectsV2Input, ListObjectsV2Output, Object, ObjectVersion,
};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::buckets::{Buckets, Version};

const MAX_KEYS: i32 = 1000;

/// What `encoding-type=url` leaves as it is.
const URL_ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

/// Writes keys as the caller asked for them.
fn spelling(encoding: Option<&EncodingType>) -> impl Fn(&str) -> String + use<> {
    let encoded = encoding.is_some_and(|encoding| encoding.as_str() == EncodingType::URL);
    move |key| {
        if encoded { utf8_percent_encode(key, URL_ENCODED).to_string() } else { key.to_owned() }
    }
}

/// The current objects after a key, at most so many, and whether there are more.
fn current(
    buckets: &Buckets,
    bucket: &str,
    prefix: &str,
    after: &str,
    most: i32,
) -> Option<(Vec<(String, Version)>, bool)> {
    let mut found: Vec<_> = buckets
        .under(bucket, prefix)?
        .into_iter()
        .filter(|(key, _)| key.as_str() > after)
        .filter_map(|(key, mut versions)| Some((key, versions.pop()?)))
        .filter(|(_, version)| version.content.is_some())
        .collect();
    let most = usize::try_from(most).unwrap_or_default();
    let truncated = found.len() > most;
    found.truncate(most);
    Some((found, truncated))
}

fn entry((key, version): (String, Version), spell: &impl Fn(&str) -> String) -> Object {
    let content = version.content.expect("delete markers were left out");
    Object {
        key: Some(spell(&key)),
        size: i64::try_from(content.bytes.len()).ok(),
        e_tag: Some(ETag::Strong(content.etag)),
        last_modified: Some(SystemTime::from(version.modified).into()),
        ..Default::default()
    }
}

pub(crate) fn objects(buckets: &Buckets, input: ListObjectsInput) -> Option<ListObjectsOutput> {
    let spell = spelling(input.encoding_type.as_ref());
    let most = input.max_keys.unwrap_or(MAX_KEYS).min(MAX_KEYS);
    let prefix = input.prefix.as_deref().unwrap_or_default();
    let marker = input.marker.as_deref().unwrap_or_default();
    let (found, truncated) = current(buckets, &input.bucket, prefix, marker, most)?;
    Some(ListObjectsOutput {
        next_marker: found.last().filter(|_| truncated).map(|(key, _)| spell(key)),
        contents: Some(found.into_iter().map(|object| entry(object, &spell)).collect()),
        name: Some(input.bucket),
        prefix: input.prefix.map(|prefix| spell(&prefix)),
        marker: input.marker.map(|marker| spell(&marker)),
        max_keys: Some(most),
        is_truncated: Some(truncated),
        encoding_type: input.encoding_type,
        ..Default::default()
    })
}

pub(crate) fn objects_v2(buckets: &Buckets, input: ListObjectsV2Input) -> Option<ListObjectsV2Output> {
    let spell = spelling(input.encoding_type.as_ref());
    let most = input.max_keys.unwrap_or(MAX_KEYS).min(MAX_KEYS);
    let prefix = input.prefix.as_deref().unwrap_or_default();
    // The token is the last key of the page before.
    let after = input.continuation_token.as_deref().or(input.start_after.as_deref()).unwrap_or_default();
    let (found, truncated) = current(buckets, &input.bucket, prefix, after, most)?;
    Some(ListObjectsV2Output {
        key_count: i32::try_from(found.len()).ok(),
        next_continuation_token: found.last().filter(|_| truncated).map(|(key, _)| key.clone()),
        contents: Some(found.into_iter().map(|object| entry(object, &spell)).collect()),
        name: Some(input.bucket),
        prefix: input.prefix.map(|prefix| spell(&prefix)),
        start_after: input.start_after.map(|after| spell(&after)),
        continuation_token: input.continuation_token,
        max_keys: Some(most),
        is_truncated: Some(truncated),
        encoding_type: input.encoding_type,
        ..Default::default()
    })
}

/// All versions under a prefix, newest first, in one page.
pub(crate) fn versions(buckets: &Buckets, input: ListObjectVersionsInput) -> Option<ListObjectVersionsOutput> {
    let spell = spelling(input.encoding_type.as_ref());
    let prefix = input.prefix.as_deref().unwrap_or_default();
    let mut versions = Vec::new();
    let mut markers = Vec::new();
    for (key, of_key) in buckets.under(&input.bucket, prefix)? {
        for (age, version) in of_key.into_iter().rev().enumerate() {
            let key = Some(spell(&key));
            let is_latest = Some(age == 0);
            let last_modified = Some(SystemTime::from(version.modified).into());
            let version_id = Some(version.id.unwrap_or_else(|| "null".to_owned()));
            match version.content {
                None => {
                    markers.push(DeleteMarkerEntry { is_latest, key, last_modified, version_id, ..Default::default() });
                }
                Some(content) => versions.push(ObjectVersion {
                    e_tag: Some(ETag::Strong(content.etag)),
                    size: i64::try_from(content.bytes.len()).ok(),
                    is_latest,
                    key,
                    last_modified,
                    version_id,
                    ..Default::default()
                }),
            }
        }
    }
    Some(ListObjectVersionsOutput {
        versions: Some(versions),
        delete_markers: Some(markers),
        name: Some(input.bucket),
        prefix: input.prefix.map(|prefix| spell(&prefix)),
        max_keys: Some(MAX_KEYS),
        is_truncated: Some(false),
        encoding_type: input.encoding_type,
        ..Default::default()
    })
}
