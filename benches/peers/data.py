"""Objects for the benchmark and the records that declare them, laid out as one static web server serves them all."""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

PROJECT = "0123456789abcdef0123456789abcdef"

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30


@dataclass
class Batch:
    """Records in a bucket of their own."""

    bucket: str
    ids: list
    ids_file: Path
    # Of the first record.
    key: str
    file: Path
    sha256: str
    video_bytes: int

    @property
    def objects(self):
        """Every record has a video and an event file."""
        return 2 * len(self.ids)


class Data:
    """The directory the server serves: `BUCKET/KEY` is the store, `v2/…` the Workspace API."""

    def __init__(self, directory: Path):
        self.root = directory / "root"
        self.lists = directory / "lists"
        self.api = self.root / "v2" / PROJECT / "screen-records"
        self.listings = self.root / "listings"
        for made in (self.lists, self.api, self.listings):
            made.mkdir(parents=True)
        self.batches = {}

    def batch(self, bucket, records, video_bytes, files=None, sparse=False) -> Batch:
        """Records whose videos are of one size; made when first asked for.

        With `files` there are only so many different videos and the others are hard links to them: as much to read,
        less to keep. A sparse video is all zeros and takes no room on the disk.
        """
        if bucket not in self.batches:
            self.batches[bucket] = self.make(bucket, records, video_bytes, files or records, sparse)
        return self.batches[bucket]

    def make(self, bucket, records, video_bytes, files, sparse):
        digests, listed, ids = [], [], []
        for number in range(records):
            record_id = f"{bucket}-{number:05}"
            directory = f"2026/11/{record_id}"
            (self.root / bucket / directory).mkdir(parents=True)
            video, event = f"{directory}/{record_id}.mp4", f"{directory}/{record_id}.jsonl"
            path = self.root / bucket / video
            if number < files:
                digests.append(write_zeros(path, video_bytes) if sparse else write_random(path, video_bytes))
            else:
                path.hardlink_to(self.root / bucket / f"2026/11/{ids[number % files]}/{ids[number % files]}.mp4")
            event_digest = write_random(self.root / bucket / event, 4 * KIB)
            (self.api / record_id).write_text(json.dumps(
                record(bucket, record_id, directory, video_bytes, digests[number % files], event_digest)))
            listed += [(event, 4 * KIB), (video, video_bytes)]
            ids.append(record_id)
        (self.listings / f"{bucket}.xml").write_text(listing(bucket, listed))
        ids_file = self.lists / f"{bucket}.txt"
        ids_file.write_text("\n".join(ids) + "\n")
        key = f"2026/11/{ids[0]}/{ids[0]}.mp4"
        return Batch(bucket, ids, ids_file, key, self.root / bucket / key, digests[0], video_bytes)


def write_random(path, size):
    """Writes bytes that nothing can compress or share; returns their SHA-256."""
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for offset in range(0, size, 4 * MIB):
            block = os.urandom(min(4 * MIB, size - offset))
            digest.update(block)
            file.write(block)
    return digest.hexdigest()


def write_zeros(path, size):
    """Makes a file of zeros that is all hole; returns its SHA-256."""
    with path.open("wb") as file:
        file.truncate(size)
    digest, block = hashlib.sha256(), bytes(4 * MIB)
    for offset in range(0, size, len(block)):
        digest.update(block[:size - offset])
    return digest.hexdigest()


def record(bucket, record_id, directory, video_bytes, video_digest, event_digest):
    """The record as the API would describe it."""
    return {
        "id": record_id, "desktop_id": "5d0c5b3e-7c0a-4f0e-9a41-2f6f7b1c0d11", "desktop_name": "desktop-01",
        "desktop_pool_id": None, "username": "user", "size": video_bytes, "type": "FULL", "status": "UPLOAD_COMPLETED",
        "policy_id": "8a1f0c1e-2b3d-4c5e-8f90-a1b2c3d4e5f6", "obs_bucket": bucket, "file_directory": directory,
        "video_filename": f"{record_id}.mp4", "video_file_sha256": video_digest,
        "event_filename": f"{record_id}.jsonl", "event_file_sha256": event_digest,
        "start_time": "2026-11-20T08:00:00.000Z", "end_time": "2026-11-20T08:10:00.000Z",
        "update_time": "2026-11-20T08:11:00.000Z", "duration": 600,
    }


def listing(bucket, objects):
    """The bucket's listing in one page, for peers that are given a bucket and not its keys."""
    contents = "".join(
        f"<Contents><Key>{escape(key)}</Key><LastModified>2026-11-20T08:11:00.000Z</LastModified>"
        f"<Size>{size}</Size><StorageClass>STANDARD</StorageClass></Contents>" for key, size in sorted(objects))
    return (f'<?xml version="1.0" encoding="UTF-8"?><ListBucketResult><Name>{bucket}</Name><Prefix></Prefix>'
            f"<MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>{contents}</ListBucketResult>")
