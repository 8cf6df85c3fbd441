//! The versions of one object, as the bucket lists them.

use aws_sdk_s3::primitives::DateTime;
use jiff::Timestamp;

use super::client::{Place, Store};
use super::error::StoreError;
use super::head::HeadCapture;
use crate::evidence::{Version, report_time};

/// No more pages of a thousand are read: nobody looks through more versions of one recording.
const MOST_PAGES: usize = 10;

impl Store {
    /// All versions and delete markers under the very key, newest first. Needs the permission to list versions.
    pub async fn list_versions(&self, place: &Place) -> Result<Vec<Version>, StoreError> {
        self.patiently_noted(async || self.list_versions_once(place).await).await
    }

    async fn list_versions_once(&self, place: &Place) -> Result<Vec<Version>, StoreError> {
        let mut versions = Vec::new();
        let mut next = (None, None);
        for _ in 0..MOST_PAGES {
            let pass = self.enter(place).await?;
            let capture = HeadCapture::new(&self.clock, &self.offset);
            let request = self.shared.list_object_versions().bucket(&place.bucket).prefix(&place.key);
            let request = request.set_key_marker(next.0.take()).set_version_id_marker(next.1.take());
            let page = match request.customize().interceptor(capture.clone()).send().await {
                Ok(page) if capture.is_whole_listing() && page.name() == Some(&place.bucket) => page,
                Ok(_) => return Err(StoreError::Unreadable("it is no whole listing of the versions".to_owned())),
                Err(error) => return Err(self.settle(pass, StoreError::of(&error, capture.head()))),
            };
            pass.accepted();
            let of_key = |key: Option<&str>| key == Some(place.key.as_str());
            for version in page.versions().iter().filter(|version| of_key(version.key())) {
                versions.push(Version {
                    version_id: version.version_id().unwrap_or("null").to_owned(),
                    size: version.size().and_then(|size| size.try_into().ok()),
                    etag: version.e_tag().map(str::to_owned),
                    last_modified: version.last_modified().and_then(written_at),
                    is_latest: version.is_latest() == Some(true),
                    ..Version::default()
                });
            }
            for marker in page.delete_markers().iter().filter(|marker| of_key(marker.key())) {
                versions.push(Version {
                    version_id: marker.version_id().unwrap_or("null").to_owned(),
                    last_modified: marker.last_modified().and_then(written_at),
                    is_latest: marker.is_latest() == Some(true),
                    delete_marker: true,
                    ..Version::default()
                });
            }
            // Keys come in order, so behind the first other one there is nothing more of this.
            let passed = page.next_key_marker().is_some_and(|key| key > place.key.as_str());
            if page.is_truncated() != Some(true) || passed {
                break;
            }
            next = (page.next_key_marker().map(str::to_owned), page.next_version_id_marker().map(str::to_owned));
        }
        // The two kinds come in lists of their own, each newest first; what was written at once keeps its order.
        versions.sort_by(|a, b| (b.is_latest, &b.last_modified).cmp(&(a.is_latest, &a.last_modified)));
        Ok(versions)
    }
}

fn written_at(time: &DateTime) -> Option<String> {
    let nanos = i32::try_from(time.subsec_nanos()).ok()?;
    Timestamp::new(time.secs(), nanos).ok().map(report_time)
}
