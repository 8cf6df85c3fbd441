//! What each byte and each report costs: the meter, and the writers of reports.
//!
//! `cargo bench --bench throughput`; nothing of it runs in tests, since the figures are the machine's.

#![expect(clippy::expect_used, reason = "what is made here is known to be sound, and a benchmark may end at once")]

use std::fs::File;
use std::hint::black_box;
use std::io::{self, BufWriter};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use recverify::evidence::{Answer, Attempt, Keeping, ObjectReport, RecordReport, SizeReport};
use recverify::fixity::{Fits, Meter, Observed, Outcome, Sha256Digest, SizeRule};
use recverify::record::{Record, Role};
use recverify::report::{CsvReport, JsonLinesReport, JsonReport, JunitReport, ReportWriter, TextReport};

fn meter(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("meter");
    for kib in [4_usize, 64, 1024] {
        let bytes = vec![7; kib << 10];
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_with_input(BenchmarkId::new("update", format!("{kib} KiB")), &bytes, |bencher, bytes| {
            let mut meter = Meter::new();
            bencher.iter(|| meter.update(black_box(bytes)));
        });
    }
    let event = vec![7; 4 << 10];
    group.throughput(Throughput::Elements(1));
    group.bench_function("a whole event file of 4 KiB", |bencher| bencher.iter(|| Observed::of(black_box(&event))));
    group.finish();
}

fn writers(criterion: &mut Criterion) {
    let report = report();
    // The JUnit writer goes back to its head at the end.
    let nowhere = BufWriter::new(File::create("/dev/null").expect("the null device"));
    let mut group = criterion.benchmark_group("report");
    group.throughput(Throughput::Elements(1));
    let writers: [(&str, Box<dyn ReportWriter>); 5] = [
        ("text", Box::new(TextReport::new(io::sink(), false))),
        ("json", Box::new(JsonReport::new(io::sink()))),
        ("jsonl", Box::new(JsonLinesReport::new(io::sink()))),
        ("csv", Box::new(CsvReport::new(io::sink()))),
        ("junit", Box::new(JunitReport::new(nowhere))),
    ];
    for (name, mut writer) in writers {
        group.bench_function(name, |bencher| bencher.iter(|| writer.record(black_box(&report))));
    }
    group.finish();
}

/// A record as most are: intact, each object read by one request.
fn report() -> RecordReport {
    let record = Record {
        desktop_id: Some("5d0c5b3e-7c0a-4f0e-9a41-2f6f7b1c0d11".to_owned()),
        desktop_name: Some("desktop-01".to_owned()),
        username: Some("user".to_owned()),
        start_time: Some("2026-01-14T08:00:00.000Z".to_owned()),
        ..Record::default()
    };
    RecordReport {
        record_id: "6c655e6a-9f0c-4d0e-8f31-b7f0edc7a082".parse().expect("a record id"),
        outcome: Outcome::Intact,
        reason: None,
        warnings: Vec::new(),
        declared_size: SizeReport { bytes: Some(262_144), rule: SizeRule::Auto, fits: Some(Fits::Video) },
        answer: Some(Answer::new(serde_json::to_vec(&record).expect("JSON"))),
        record: Some(record),
        calls: Vec::new(),
        history: None,
        acknowledged: None,
        objects: vec![object(Role::Video, 262_144), object(Role::Event, 4096)],
    }
}

fn object(role: Role, bytes: u64) -> ObjectReport {
    let time = "2026-01-15T23:59:01Z".parse().expect("a time");
    let digest = Sha256Digest::of(role.to_string().as_bytes());
    ObjectReport {
        role,
        host: None,
        declared_bucket: None,
        bucket: Some("wks-recordings".to_owned()),
        key: Some(format!("recordings/6c655e6a/{role}")),
        outcome: Outcome::Intact,
        reason: None,
        declared_sha256: Some(digest.to_string()),
        observed_sha256: Some(digest),
        observed_bytes: Some(bytes),
        etag: Some("\"d41d8cd98f00b204e9800998ecf8427e\"".to_owned()),
        version_id: None,
        last_modified: Some("Wed, 14 Jan 2026 08:10:00 GMT".to_owned()),
        keeping: Keeping::default(),
        started_at: Some(time),
        finished_at: Some(time),
        attempts: vec![Attempt {
            from: 0,
            bytes,
            error: None,
            status: Some(200),
            request_id: Some("000001980A2F4C6E8B1D3F5A7C9E0B2D".to_owned()),
            started_at: time,
            finished_at: time,
        }],
        lookups: Vec::new(),
        versions: None,
    }
}

criterion_group!(benches, meter, writers);
criterion_main!(benches);
