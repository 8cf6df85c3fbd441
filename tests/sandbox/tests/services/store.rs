//! The store as an S3 client meets it.

use std::time::Duration;

use super::client::{End, exchange, get, store, store_by_name};
use recverify_sandbox::{Canned, SECURITY_TOKEN, Sandbox, StoreCalls, StoreFault, Times};

const BUCKET: &str = "wks-recordings";
const PATH: &str = "/wks-recordings/a/video.mp4";

fn cloud_with_an_object() -> (Sandbox, Vec<u8>) {
    let cloud = Sandbox::start();
    let content: Vec<u8> = (0..100_000_u32).map(|n| n.to_le_bytes()[n as usize % 2]).collect();
    cloud.put_object(BUCKET, "a/video.mp4", content.clone());
    (cloud, content)
}

fn code(text: &str) -> &str {
    text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map_or("", |(code, _)| code)
}

#[test]
fn an_object_is_read_whole_by_range_and_under_a_condition() {
    let (cloud, content) = cloud_with_an_object();
    let whole = get(&cloud, PATH);
    assert_eq!((whole.status, &whole.body), (200, &content));
    let etag = whole.header("etag").unwrap().to_owned();
    assert!(whole.header("last-modified").is_some() && whole.header("x-amz-request-id").is_some());

    let rest = store(&cloud, "GET", PATH, "", &[("if-match", &etag), ("range", "bytes=99990-")]);
    assert_eq!((rest.status, rest.body.as_slice()), (206, &content[99_990..]));
    assert_eq!(rest.header("content-range"), Some("bytes 99990-99999/100000"));
    assert_eq!(rest.header("etag"), Some(etag.as_str()));

    let changed = store(&cloud, "GET", PATH, "", &[("if-match", "\"0\"")]);
    assert_eq!((changed.status, code(&changed.text())), (412, "PreconditionFailed"));
    let beyond = store(&cloud, "GET", PATH, "", &[("range", "bytes=100000-")]);
    assert_eq!((beyond.status, code(&beyond.text())), (416, "InvalidRange"));
    let head = store(&cloud, "HEAD", PATH, "", &[]);
    assert_eq!((head.status, head.header("content-length"), head.body.len()), (200, Some("100000"), 0));
}

#[test]
fn each_refusal_has_its_status_and_code() {
    let (cloud, _) = cloud_with_an_object();
    let refusal = |path: &str| {
        let answer = get(&cloud, path);
        let text = answer.text();
        assert!(answer.header("x-amz-request-id").is_some_and(|id| text.contains(id)), "{text}");
        format!("{} {}", answer.status, code(&text))
    };
    assert_eq!(refusal("/wks-recordings/b"), "404 NoSuchKey");
    assert_eq!(refusal("/no-such-bucket/b"), "404 NoSuchBucket");
    cloud.deny_list(BUCKET);
    assert_eq!(refusal("/wks-recordings/b"), "403 AccessDenied");
    assert_eq!(refusal("/wks-recordings"), "403 AccessDenied");
    cloud.archive(BUCKET, "a/video.mp4");
    assert_eq!(refusal(PATH), "403 InvalidObjectState");
    cloud.deny_read(BUCKET, "a/video.mp4");
    assert_eq!(refusal(PATH), "403 AccessDenied");
    cloud.require_temporary_keys();
    assert_eq!(refusal(PATH), "400 InvalidToken");
    cloud.expire_credentials();
    assert_eq!(refusal(PATH), "403 ExpiredToken");
    cloud.virtual_hosts_only();
    assert_eq!(refusal(PATH), "403 VirtualHostDomainRequired");
}

#[test]
fn virtual_hosts_find_their_bucket() {
    let cloud = Sandbox::start();
    cloud.put_object(BUCKET, "a b+c/ü%.mp4", "video");
    cloud.virtual_hosts_only();
    let host = cloud.obs_named_endpoint().replace("http://", &format!("{BUCKET}."));
    let path = "/a%20b%2Bc/%C3%BC%25.mp4";
    let found = store_by_name(&cloud, &host, "GET", path, "", &[]);
    assert_eq!((found.status, found.body.as_slice()), (200, &b"video"[..]));
    assert_eq!(store_by_name(&cloud, &host, "GET", "/", "prefix=a", &[]).status, 200);
    let path_style = get(&cloud, &format!("/{BUCKET}{path}"));
    assert_eq!((path_style.status, code(&path_style.text())), (403, "VirtualHostDomainRequired"));
}

#[test]
fn unsigned_wrongly_signed_and_misdated_requests_are_refused() {
    let (cloud, _) = cloud_with_an_object();
    let host = cloud.obs_endpoint().replace("http://", "");
    let unsigned =
        exchange(&cloud.obs_endpoint(), &format!("GET {PATH} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"));
    assert_eq!((unsigned.status, code(&unsigned.text())), (403, "AccessDenied"));
    // A space is signed as it is sent here, and not as the protocol wants it.
    let mismatch = store(&cloud, "GET", PATH, "prefix=a+b", &[]);
    assert_eq!((mismatch.status, code(&mismatch.text())), (403, "SignatureDoesNotMatch"));
    cloud.set_store_region("cn-north-4");
    let elsewhere = get(&cloud, PATH);
    assert_eq!((elsewhere.status, code(&elsewhere.text())), (400, "AuthorizationHeaderMalformed"));
    assert!(elsewhere.text().contains("<Region>cn-north-4</Region>"));
    cloud.set_store_region(recverify_sandbox::REGION);
    cloud.set_clock_offset(-16 * 60);
    assert_eq!(code(&get(&cloud, PATH).text()), "RequestTimeTooSkewed");
}

#[test]
fn versions_delete_markers_and_listings() {
    let cloud = Sandbox::start();
    cloud.enable_versioning(BUCKET);
    let first = cloud.put_object(BUCKET, "a", "one").unwrap();
    cloud.put_object(BUCKET, "b", "two");
    let marker = cloud.remove_object(BUCKET, "a").unwrap();

    let gone = get(&cloud, "/wks-recordings/a");
    assert_eq!((gone.status, code(&gone.text())), (404, "NoSuchKey"));
    assert_eq!((gone.header("x-amz-delete-marker"), gone.header("x-amz-version-id")), (Some("true"), Some(&*marker)));
    let old = store(&cloud, "GET", "/wks-recordings/a", &format!("versionId={first}"), &[]);
    assert_eq!((old.status, old.body.as_slice()), (200, &b"one"[..]));

    for query in ["prefix=", "list-type=2&prefix="] {
        let list = store(&cloud, "GET", "/wks-recordings", query, &[]).text();
        assert!(list.contains("<Key>b</Key>") && !list.contains("<Key>a</Key>"), "{list}");
    }
    let versions = store(&cloud, "GET", "/wks-recordings", "prefix=a&versions=", &[]).text();
    assert!(
        versions.contains(&first) && versions.contains(&marker) && versions.contains("<DeleteMarker>"),
        "{versions}"
    );
}

#[test]
fn broken_bodies_break_where_they_say() {
    let (cloud, content) = cloud_with_an_object();
    let strike = |fault| {
        cloud.fail_store(StoreCalls::get(BUCKET, "a/video.mp4"), Times::once(), fault);
        let answer = get(&cloud, PATH);
        let shared = answer.body.iter().zip(&content).take_while(|(a, b)| a == b).count();
        (shared, answer)
    };
    let (sent, cut) = strike(StoreFault::Cut(70_001));
    assert_eq!((sent, cut.end, cut.header("content-length")), (70_001, End::Closed, Some("100000")));
    let (sent, reset) = strike(StoreFault::CutByReset(70_001));
    assert_eq!((sent, reset.end), (70_001, End::Reset));
    let (sent, stalled) = strike(StoreFault::Stall(70_001));
    assert_eq!((sent, stalled.end), (70_001, End::Open));
    let (sent, closed) = strike(StoreFault::EndEarlyClosed(5));
    assert_eq!((sent, closed.header("content-length"), &closed.head[..8]), (5, None, "HTTP/1.0"));
    let (_, chunked) = strike(StoreFault::EndEarlyChunked(5));
    assert_eq!((chunked.body.len(), chunked.header("transfer-encoding")), (3 + 5 + 2 + 5, Some("chunked")));
    let (sent, long) = strike(StoreFault::LongLength(9));
    assert_eq!((sent, long.header("content-length")), (100_000, Some("100009")));
    let (sent, flipped) = strike(StoreFault::FlipBit(1234));
    assert_eq!((sent, flipped.body[1234], flipped.body.len()), (1234, content[1234] ^ 1, 100_000));
    let (sent, _) = strike(StoreFault::Slow { piece: 50_000, pause: Duration::from_millis(1) });
    assert_eq!(sent, 100_000);
    let (sent, closed) = strike(StoreFault::Close);
    assert_eq!((sent, closed.status, closed.end), (0, 0, End::Closed));
    let (_, page) = strike(StoreFault::Impostor(Canned::html(200)));
    assert!(page.status == 200 && page.header("etag").is_some() && page.text().contains("<html>"));
}

#[test]
fn misleading_heads_mislead_as_they_say() {
    let (cloud, content) = cloud_with_an_object();
    let strike = |fault| {
        cloud.fail_store(StoreCalls::gets().ranged(), Times::once(), fault);
        assert_eq!(get(&cloud, PATH).status, 200);
        store(&cloud, "GET", PATH, "", &[("if-match", "*"), ("range", "bytes=10-19")])
    };
    assert_eq!(strike(StoreFault::ShiftedRange(-3)).header("content-range"), Some("bytes 7-16/100000"));
    assert_eq!(strike(StoreFault::WrongTotal(1)).header("content-range"), Some("bytes 10-19/100001"));
    let whole = strike(StoreFault::IgnoreRange);
    assert_eq!((whole.status, whole.body.len(), whole.header("content-range")), (200, content.len(), None));
    assert_eq!(strike(StoreFault::ETag("\"x\"")).header("etag"), Some("\"x\""));
    assert_eq!(strike(StoreFault::NoETag).header("etag"), None);
    assert!(strike(StoreFault::WeakETag).header("etag").unwrap().starts_with("W/\""));
    assert_eq!(strike(StoreFault::RefuseIfMatch).status, 501);
    let slow_down = strike(StoreFault::slow_down(Some(2)));
    assert_eq!((slow_down.status, slow_down.header("retry-after")), (503, Some("2")));
    assert_eq!(strike(StoreFault::Stranger(Canned::html(404))).header("x-amz-request-id"), None);
}

#[test]
fn an_object_overwritten_while_it_is_read_is_another_object_to_the_next_request() {
    let (cloud, content) = cloud_with_an_object();
    cloud.fail_store(StoreCalls::gets(), Times::once(), StoreFault::Overwrite(1000, "new".into()));
    let broken = get(&cloud, PATH);
    assert_eq!((broken.body.as_slice(), broken.end), (&content[..1000], End::Closed));
    let etag = broken.header("etag").unwrap().to_owned();
    let resumed = store(&cloud, "GET", PATH, "", &[("if-match", &etag), ("range", "bytes=1000-")]);
    assert_eq!(resumed.status, 412);
    assert_eq!(get(&cloud, PATH).body, b"new");
}

#[test]
fn an_object_removed_while_it_is_read_is_gone_for_the_next_request() {
    let (cloud, content) = cloud_with_an_object();
    cloud.fail_store(StoreCalls::gets(), Times::once(), StoreFault::Remove(1000));
    assert_eq!(get(&cloud, PATH).body, &content[..1000]);
    assert_eq!(get(&cloud, PATH).status, 404);
}

#[test]
fn the_rest_of_a_body_waits_for_its_release() {
    let (cloud, content) = cloud_with_an_object();
    cloud.fail_store(StoreCalls::gets(), Times::once(), StoreFault::HoldAfter(1000));
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| get(&cloud, PATH));
        cloud.wait_for(|seen| seen.iter().any(|seen| seen.status == Some(200)));
        cloud.release();
        assert_eq!(reader.join().unwrap().body, content);
    });
}

#[test]
fn temporary_keys_pass_with_their_token_signed_and_end_when_told_to() {
    let (cloud, _) = cloud_with_an_object();
    let with_token = || store(&cloud, "GET", PATH, "", &[("x-amz-security-token", SECURITY_TOKEN)]);
    assert_eq!(with_token().status, 400);
    cloud.require_temporary_keys();
    assert_eq!(with_token().status, 200);
    cloud.expire_credentials();
    assert_eq!(code(&with_token().text()), "ExpiredToken");
}

#[test]
fn a_connection_dropped_or_reset_before_the_answer_carries_nothing() {
    let (cloud, _) = cloud_with_an_object();
    for (fault, end) in
        [(StoreFault::Close, End::Closed), (StoreFault::Reset, End::Reset), (StoreFault::NoAnswer, End::Open)]
    {
        cloud.fail_store(StoreCalls::any(), Times::once(), fault);
        let nothing = get(&cloud, PATH);
        assert_eq!((nothing.head.as_str(), nothing.end), ("", end));
    }
    cloud.fail_store(StoreCalls::any(), Times::always(), StoreFault::RefuseVersion);
    assert_eq!((get(&cloud, PATH).status, store(&cloud, "GET", PATH, "versionId=null", &[]).status), (200, 403));
}
