//! Answers made to mislead, exhaust or lead astray: a clear outcome each, soon, and nobody asked who was not named.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use recverify_sandbox::{ApiCalls, ApiFault, Canned, Recording, Sandbox, StoreCalls, StoreFault, Times};
use serde_json::{Value, json};

use crate::check::{Checked, check, checked};
use crate::harness::{recverify, verify};

/// Longer than any of these runs takes, and far shorter than reading what is offered would.
const SOON: Duration = Duration::from_mins(1);

const MIB: usize = 1 << 20;

fn with_field(cloud: &Sandbox, id: &str, field: &str, value: Value) {
    let mut record = cloud.upload(&Recording::new(id));
    record[field] = value;
    cloud.add_record(id, record);
}

fn answer(cloud: &Sandbox, id: &str, answer: Canned) {
    cloud.fail_api(ApiCalls::details(id), Times::always(), ApiFault::Answer(answer));
}

fn disturb_video(cloud: &Sandbox, id: &str, fault: StoreFault) {
    let recording = Recording::new(id);
    cloud.upload(&recording);
    cloud.fail_store(StoreCalls::get(&recording.bucket, &recording.video_key()), Times::always(), fault);
}

fn code<'a>(run: &'a Checked, id: &str) -> &'a str {
    assert_eq!(run.record(id)["outcome"], "unverified", "{:#}", run.record(id));
    run.record(id)["reason"]["code"].as_str().expect("a code")
}

#[test]
fn times_of_any_form_decide_nothing() {
    let cloud = Sandbox::start();
    let times = [
        json!(""),
        json!("yesterday"),
        json!("2024-13-41T25:61:61Z"),
        json!("-009999-01-01T00:00:00Z"),
        json!("+275760-09-13T00:00:00.000Z"),
        json!("2024-10-15T10:04:41.263+99:99"),
        json!("9".repeat(100_000)),
        json!(1_728_986_681_263_u64),
        json!(-1.5e308),
        json!(["2024-10-15T10:04:41Z"]),
        json!(false),
    ];
    let ids: Vec<_> = (0..times.len()).map(|n| format!("t{n}")).collect();
    for (id, time) in ids.iter().zip(&times) {
        let mut record = cloud.upload(&Recording::new(id));
        for field in ["start_time", "end_time", "update_time", "duration"] {
            record[field] = time.clone();
        }
        cloud.add_record(id, record);
    }
    let run = check(&cloud, &ids.join(" "));
    for id in &ids {
        run.is_intact(id);
    }
    assert_eq!(run.code, 0);
}

#[test]
fn numbers_no_machine_can_hold_are_no_sizes() {
    let cloud = Sandbox::start();
    let sizes = ["99999999999999999999999999", "-9223372036854775809", "18446744073709551616", "1e400", "0x10", "NaN"];
    for (n, size) in sizes.iter().enumerate() {
        let id = format!("s{n}");
        let record = cloud.upload(&Recording::new(&id));
        let plain = format!("\"size\":{}", record["size"]);
        cloud.set_record_body(&id, "application/json", record.to_string().replace(&plain, &format!("\"size\":{size}")));
    }
    let run = check(&cloud, "s0 s1 s2 s3 s4 s5");
    let codes = ["s0", "s1", "s2", "s3", "s4", "s5"].map(|id| code(&run, id));
    let (size, answer) = ("malformed_size", "unreadable_answer");
    assert_eq!(codes, [size, size, size, answer, answer, answer]);
    assert_eq!(run.code, 3);
}

#[test]
fn digests_with_anything_beside_the_digits_are_malformed() {
    let cloud = Sandbox::start();
    let digest = cloud.upload(&Recording::new("plain"))["video_file_sha256"].as_str().expect("a digest").to_owned();
    let spaced = format!("{} {}", &digest[..32], &digest[32..]);
    let cases = [
        ("inside", spaced),
        ("wide", digest.replace('a', "\u{ff41}")),
        ("zero-width", format!("\u{200b}{digest}")),
        ("nul", format!("{digest}\0")),
        ("long", "a".repeat(MIB / 2)),
    ];
    for (id, value) in &cases {
        with_field(&cloud, id, "video_file_sha256", json!(value));
    }
    let run = check(&cloud, "inside wide zero-width nul long");
    for (id, _) in &cases {
        assert_eq!(code(&run, id), "malformed_digest");
    }
}

#[test]
fn answers_of_the_api_that_would_fill_the_memory_are_not_taken_in() {
    let cloud = Sandbox::start();
    let json = |body: Vec<u8>| Canned::new(200, "application/json", body);
    answer(&cloud, "large", json([b"{\"id\":\"", &*vec![b'x'; 50 * MIB], b"\"}"].concat()));
    answer(&cloud, "deep", json([b"{\"id\":", &*vec![b'['; MIB - 100]].concat()));
    answer(
        &cloud,
        "deep-error",
        Canned::new(400, "application/json", [b"{\"error\":", &*vec![b'['; MIB / 2]].concat()),
    );
    answer(&cloud, "large-error", Canned::new(400, "application/json", vec![b' '; 50 * MIB]));
    answer(&cloud, "bomb", json(vec![0x1f; 50 * MIB]).header("content-encoding", "gzip"));
    let began = Instant::now();
    let run = check(&cloud, "large deep deep-error large-error bomb");
    let too_large = "the answer is larger than 1048576 bytes";
    for id in ["large", "large-error", "bomb"] {
        run.says(id, "unverified", "unreadable_answer", too_large);
    }
    assert_eq!(code(&run, "deep"), "unreadable_answer");
    assert_eq!(code(&run, "deep-error"), "service_error");
    assert!(began.elapsed() < SOON);
    assert_eq!(cloud.requests().len(), 5, "none is asked for again");
}

#[test]
fn a_listing_without_end_is_no_pass() {
    let cloud = Sandbox::start();
    cloud.upload(&Recording::new("good"));
    cloud.fail_api(ApiCalls::List, Times::always(), ApiFault::Flood(200 << 20));
    let ended = recverify(&cloud).args("verify --since 24h").run();
    assert_eq!(ended.code, 3, "{ended:?}");
    let error = "error: the listing could not be read to its end: the answer is larger than 8388608 bytes";
    assert!(ended.err.lines().any(|line| line == error), "{}", ended.err);
}

#[test]
fn error_documents_of_the_store_that_would_fill_the_memory_are_not_taken_in() {
    let cloud = Sandbox::start();
    let xml = |status, body: String| StoreFault::Answer(Canned::new(status, "application/xml", body));
    let entities = "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]>";
    disturb_video(&cloud, "entities", xml(403, format!("{entities}<Error><Code>&b;</Code></Error>")));
    disturb_video(&cloud, "deep", xml(403, "<Error>".repeat(100_000)));
    disturb_video(&cloud, "large", xml(403, format!("<Error><Code>{}</Code></Error>", "x".repeat(50 * MIB))));
    let packed = Canned::new(403, "application/xml", vec![0x1f; MIB / 2]).header("content-encoding", "gzip");
    disturb_video(&cloud, "bomb", StoreFault::Answer(packed));
    let began = Instant::now();
    let run = check(&cloud, "entities deep large bomb");
    assert_eq!(code(&run, "large"), "unreadable_answer");
    for id in ["entities", "deep", "bomb"] {
        assert_eq!(code(&run, id), "access_denied", "the status and the marks of a store are all there is to go by");
    }
    assert!(began.elapsed() < SOON);
    assert_eq!(run.code, 3);
}

#[test]
fn an_object_without_end_is_left() {
    let cloud = Sandbox::start();
    disturb_video(&cloud, "measured", StoreFault::Endless);
    let recording = Recording::new("unmeasured");
    cloud.upload(&recording);
    cloud.fail_store(
        StoreCalls::gets().of(&recording.bucket, &recording.video_key()),
        Times::always(),
        StoreFault::Endless,
    );
    let heads = StoreCalls::heads().of(&recording.bucket, &recording.video_key());
    cloud.fail_store(heads, Times::always(), StoreFault::error(501, "NotImplemented"));
    let began = Instant::now();
    let run = check(&cloud, "measured unmeasured --read-retries 1");
    assert_eq!(code(&run, "measured"), "unreadable_answer");
    let message = "more than 268435456 bytes came, and the store did not say how long the object is";
    run.says("unmeasured", "unverified", "length_unknown", message);
    assert_eq!(run.attempts("unmeasured", "video").len(), 1, "once is enough");
    assert!(began.elapsed() < SOON);
}

#[test]
fn nobody_is_asked_who_was_not_named() {
    let elsewhere = Sandbox::start();
    let there = elsewhere.obs_endpoint();
    let cloud = Sandbox::start();
    let statuses = [301, 302, 303, 307, 308];
    for status in statuses {
        let redirect = Canned::redirect(status, &format!("{there}/wks-recordings/x"));
        let redirect = redirect.header("x-amz-bucket-region", "evil-1");
        disturb_video(&cloud, &format!("r{status}"), StoreFault::Answer(redirect));
    }
    let authority = there.trim_start_matches("http://");
    for (id, bucket) in
        [("host", authority), ("user", &format!("me@{authority}")), ("slash", &format!("{authority}/b"))]
    {
        with_field(&cloud, id, "obs_bucket", json!(bucket));
    }
    with_field(&cloud, "up", "file_directory", json!(format!("/../../{authority}")));
    let words = "r301 r302 r303 r307 r308 host user slash up";
    for addressing in ["path", "virtual"] {
        let call = verify(&cloud, words).args("--addressing").args(addressing);
        let run = checked(call.env("RECVERIFY_OBS_ENDPOINT", &cloud.obs_named_endpoint()));
        for status in statuses {
            assert!(["wrong_region", "service_error"].contains(&code(&run, &format!("r{status}"))));
        }
        for id in ["host", "user", "slash", "up"] {
            assert_eq!(code(&run, id), "malformed_location");
        }
        assert_eq!(run.code, 3);
    }
    assert!(elsewhere.requests().is_empty());
    let named = [cloud.workspace_endpoint(), cloud.obs_named_endpoint()].map(|url| url.replace("http://", ""));
    for seen in cloud.requests() {
        let host = seen.header("host").expect("every request has one");
        assert!(named.iter().any(|named| host == named || host == format!("wks-recordings.{named}")), "{host}");
    }
}

/// The address of a server that gives every request these bytes and closes the connection; it lives as long as the
/// tests do.
fn server_of(answer: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 4096];
            // A client that leaves at the sight of such an answer does right.
            let _ = stream.read(&mut request).and_then(|_| stream.write_all(&answer));
        }
    });
    format!("http://{address}")
}

#[test]
fn what_only_looks_like_http_is_told_as_what_it_is() {
    let ok = |headers: &str, body: &str| format!("HTTP/1.1 200 OK\r\n{headers}\r\n{body}");
    let record = "{\"id\":\"r\"}";
    let cases: [(&str, String, &[&str]); 10] = [
        ("two lengths", ok("Content-Length: 10\r\nContent-Length: 11\r\n", record), &["connection"]),
        ("negative length", ok("Content-Length: -1\r\n", record), &["connection"]),
        ("huge length", ok("Content-Length: 99999999999999999999999\r\n", record), &["connection"]),
        ("long length", ok("Content-Length: 9999999999\r\n", record), &["truncated", "connection"]),
        ("bad chunk", ok("Transfer-Encoding: chunked\r\n", "zz\r\n"), &["connection"]),
        ("huge chunk", ok("Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\nx"), &["connection"]),
        ("long header", ok(&format!("X: {}\r\n", "x".repeat(2 * MIB)), record), &["connection"]),
        ("many headers", ok(&"X: y\r\n".repeat(10_000), record), &["connection"]),
        ("no status", "HTTP/1.1 wrong\r\n\r\n".to_owned(), &["connection"]),
        ("no http", "SSH-2.0-OpenSSH_9.2\r\n".to_owned(), &["tls"]),
    ];
    let cloud = Sandbox::start();
    for (what, answer, codes) in cases {
        let call = verify(&cloud, "r --api-tries 2 --stall-timeout 1s");
        let run = checked(call.env("RECVERIFY_WORKSPACE_ENDPOINT", &server_of(answer.into_bytes())));
        let code = code(&run, "r");
        assert!(codes.contains(&code), "{what}: {code}");
    }
    assert!(cloud.requests().is_empty());
}

fn list(cloud: &Sandbox, body: String) -> crate::harness::Ended {
    cloud.heal();
    cloud.fail_api(ApiCalls::List, Times::always(), ApiFault::Answer(Canned::new(200, "application/json", body)));
    recverify(cloud).args("verify --since 24h --retry-wait 1ms").run()
}

#[test]
fn a_listing_that_cannot_be_true_is_no_pass() {
    let cloud = Sandbox::start();
    let record = cloud.upload(&Recording::new("good")).to_string();
    let many = vec![record.as_str(); 1001].join(",");
    let bodies = [
        "{\"screen_records\":[],\"total_count\":5}".to_owned(),
        format!("{{\"screen_records\":[{record}],\"total_count\":3}}"),
        format!("{{\"screen_records\":[{record}],\"total_count\":18446744073709551615}}"),
        format!("{{\"screen_records\":[{record}],\"screen_records\":[],\"total_count\":0}}"),
        format!("{{\"screen_records\":[{many}],\"total_count\":1001}}"),
        "{\"screen_records\":{\"0\":[]}}".to_owned(),
        format!("{{\"screen_records\":{}", "[".repeat(MIB)),
        "{\"screen_records\":[{\"size\":1}],\"total_count\":1}".to_owned(),
    ];
    for body in bodies {
        let shown = body.chars().take(80).collect::<String>();
        let began = Instant::now();
        let ended = list(&cloud, body);
        assert_eq!(ended.code, 3, "{shown}: {ended:?}");
        assert!(ended.err.lines().any(|line| line.starts_with("error: the listing ")), "{shown}: {}", ended.err);
        assert!(began.elapsed() < SOON, "{shown}");
    }
}

#[test]
fn times_of_any_form_cost_a_listing_no_record() {
    let cloud = Sandbox::start();
    let times = ["", "yesterday", "2024-13-41 25:61:61", "-009999-01-01T00:00:00Z", "99999-01-01 00:00:00", "\0"];
    let records: Vec<_> = times
        .iter()
        .enumerate()
        .map(|(n, time)| {
            let id = format!("t{n}");
            with_field(&cloud, &id, "start_time", json!(time));
            json!({"id": id, "start_time": time, "size": -1, "status": "UPLOAD_COMPLETED"})
        })
        .collect();
    let listing = json!({"screen_records": records, "total_count": times.len()});
    let ended = list(&cloud, listing.to_string());
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.out.contains("\n6 records: 6 intact; "), "{}", ended.out);
}
