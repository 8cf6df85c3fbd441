//! Keys and tokens from everywhere users keep them, and none of their secrets in anything that is written.

use std::fs;

use recverify_sandbox::{
    ACCESS_KEY, ApiCalls, ApiFault, Canned, PROJECT_ID, REGION, Recording, SECRET_KEY, SECURITY_TOKEN, Sandbox,
    StoreCalls, StoreFault, TOKEN, Times,
};
use serde_json::json;
use tempfile::TempDir;

use crate::harness::{Call, Ended, bare, recverify, verdict};

const FORMATS: [&str; 3] = ["text", "json", "jsonl"];

fn one_good() -> Sandbox {
    let cloud = Sandbox::start();
    cloud.upload(&Recording::new("good"));
    cloud
}

/// A call without any credential.
fn keyless(cloud: &Sandbox) -> Call {
    let call = bare().env("RECVERIFY_WORKSPACE_ENDPOINT", &cloud.workspace_endpoint());
    call.env("RECVERIFY_OBS_ENDPOINT", &cloud.obs_endpoint())
}

#[track_caller]
fn verifies(call: Call) {
    let ended = call.args("verify good --format json --retry-wait 1ms").run();
    assert_eq!(ended.verdict("good"), verdict(0, "intact", ""));
}

/// A directory with a credentials file of the account's keys.
fn credentials_file(name: &str, more: &str) -> TempDir {
    let dir = TempDir::new().expect("a directory");
    let path = dir.path().join(name);
    fs::create_dir_all(path.parent().expect("it has one")).expect("made");
    fs::write(path, format!("[basic]\nak = {ACCESS_KEY}\nsk = {SECRET_KEY}\n{more}")).expect("written");
    dir
}

#[test]
fn keys_of_either_family_of_variables() {
    let cloud = one_good();
    let call = keyless(&cloud).env("HUAWEICLOUD_SDK_AK", ACCESS_KEY).env("HUAWEICLOUD_SDK_SK", SECRET_KEY);
    verifies(call.env("HUAWEICLOUD_SDK_PROJECT_ID", PROJECT_ID).env("HUAWEICLOUD_REGION", REGION));
    let call = keyless(&cloud).env("HW_ACCESS_KEY", ACCESS_KEY).env("HW_SECRET_KEY", SECRET_KEY);
    verifies(call.env("HW_PROJECT_ID", PROJECT_ID).env("HW_REGION_NAME", REGION));
}

#[test]
fn keys_in_a_credentials_file() {
    let cloud = one_good();
    let dir = credentials_file("keys.ini", &format!("project_id = {PROJECT_ID}\n"));
    let path = dir.path().join("keys.ini").display().to_string();
    verifies(keyless(&cloud).env("HUAWEICLOUD_SDK_CREDENTIALS_FILE", &path).env("HUAWEICLOUD_REGION", REGION));
    let home = credentials_file(".huaweicloud/credentials", "");
    let call = keyless(&cloud).env("HOME", &home.path().display().to_string()).env("HUAWEICLOUD_REGION", REGION);
    verifies(call.env("HUAWEICLOUD_SDK_AK", "").env("HUAWEICLOUD_SDK_PROJECT_ID", PROJECT_ID));
}

#[test]
fn temporary_keys_from_variables_and_from_a_file() {
    let cloud = one_good();
    cloud.require_temporary_keys();
    verifies(recverify(&cloud));
    let call = keyless(&cloud).env("HW_ACCESS_KEY", ACCESS_KEY).env("HW_SECRET_KEY", SECRET_KEY);
    let call = call.env("HW_SECURITY_TOKEN", SECURITY_TOKEN).env("HW_PROJECT_ID", PROJECT_ID);
    verifies(call.env("HW_REGION_NAME", REGION));
    let home = credentials_file(".huaweicloud/credentials", &format!("security_token = {SECURITY_TOKEN}\n"));
    let call = keyless(&cloud).env("HOME", &home.path().display().to_string()).env("HUAWEICLOUD_REGION", REGION);
    verifies(call.env("HUAWEICLOUD_SDK_PROJECT_ID", PROJECT_ID));
}

#[test]
fn a_token_from_a_file_or_a_variable_authenticates_the_api() {
    let cloud = one_good();
    let dir = TempDir::new().expect("a directory");
    fs::write(dir.path().join("token"), format!("{TOKEN}\n")).expect("written");
    let ended = recverify(&cloud).in_dir(dir.path()).args("verify good --format json --auth-token-file token").run();
    assert_eq!(ended.verdict("good"), verdict(0, "intact", ""));
    verifies(recverify(&cloud).env("RECVERIFY_AUTH_TOKEN", TOKEN));
    let of_api = cloud.requests().into_iter().filter(|seen| seen.path.starts_with("/v2/"));
    let sent: Vec<_> = of_api
        .map(|seen| (seen.header("x-auth-token") == Some(TOKEN), seen.header("authorization").is_some()))
        .collect();
    assert_eq!(sent, [(true, false); 2]);
}

#[test]
fn a_token_file_that_others_may_read_is_a_warning() {
    use std::os::unix::fs::PermissionsExt as _;
    let cloud = one_good();
    let dir = TempDir::new().expect("a directory");
    let token = dir.path().join("token");
    fs::write(&token, TOKEN).expect("written");
    let warning = "warning: the token file token can be read by other users; keep it to yourself: chmod 600 token\n";
    for (mode, warns) in [(0o644, true), (0o640, true), (0o604, true), (0o600, false), (0o400, false), (0o622, false)] {
        fs::set_permissions(&token, fs::Permissions::from_mode(mode)).expect("set");
        for words in ["verify good", "show good", "list --since 24h"] {
            let ended = recverify(&cloud).in_dir(dir.path()).args(words).args("--auth-token-file token").run();
            assert_eq!((ended.code, ended.err.contains(warning)), (0, warns), "{mode:o} {words}: {}", ended.err);
            assert!(!ended.out.contains("warning"), "{}", ended.out);
        }
    }
    fs::set_permissions(&token, fs::Permissions::from_mode(0o644)).expect("set");
    let ended = recverify(&cloud).in_dir(dir.path()).args("verify good -q --auth-token-file token").run();
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
}

#[test]
fn a_token_alone_shows_a_record() {
    let cloud = one_good();
    let call = keyless(&cloud).env("RECVERIFY_AUTH_TOKEN", TOKEN).env("HUAWEICLOUD_SDK_PROJECT_ID", PROJECT_ID);
    let ended = call.args("show good").run();
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
}

#[track_caller]
fn has_no_secret(what: &str, text: &str) {
    for secret in [SECRET_KEY, SECURITY_TOKEN, TOKEN, "MUST"] {
        assert!(!text.contains(secret), "{what} tells {secret}: {text}");
    }
}

/// Runs a call in every format, with all that can be said about it, and searches all that it wrote.
#[track_caller]
fn tells_no_secret(code: i32, call: impl Fn() -> Call) {
    for format in FORMATS {
        let dir = TempDir::new().expect("a directory");
        let call =
            call().in_dir(dir.path()).args("-v -o r.txt -o r.json -o r.jsonl --retry-wait 1ms --format").arg(format);
        let Ended { code: ended, out, err } = call.run();
        assert_eq!(ended, code, "{err}");
        assert!(!err.is_empty());
        has_no_secret("standard output", &out);
        has_no_secret("standard error", &err);
        for entry in fs::read_dir(dir.path()).expect("a directory") {
            let text = fs::read_to_string(entry.expect("readable").path()).expect("a report");
            has_no_secret("a report", &text);
        }
    }
}

#[test]
fn no_secret_is_told_when_all_goes_well() {
    let cloud = one_good();
    cloud.require_temporary_keys();
    tells_no_secret(0, || recverify(&cloud).args("verify good"));
    tells_no_secret(0, || recverify(&cloud).env("RECVERIFY_AUTH_TOKEN", TOKEN).args("verify good"));
}

#[test]
fn no_secret_is_told_when_the_services_fail() {
    let cloud = one_good();
    cloud.require_temporary_keys();
    let fail = |api, store| {
        cloud.heal();
        cloud.fail_api(ApiCalls::Any, Times::first(6), api);
        cloud.fail_store(StoreCalls::any(), Times::always(), store);
    };
    let sorry = || ApiFault::Answer(Canned::error(500, "WKS.0500", "sorry"));
    let faults = [
        (sorry(), StoreFault::error(403, "AccessDenied")),
        (ApiFault::Answer(Canned::html(200)), StoreFault::Stranger(Canned::html(200))),
        (ApiFault::Answer(Canned::redirect(302, "https://login.example/")), StoreFault::error(503, "InternalError")),
        (ApiFault::Reset, StoreFault::Reset),
    ];
    for (api, store) in faults {
        // In the first two formats the API fails, in the last one the store.
        fail(api, store);
        tells_no_secret(3, || recverify(&cloud).env("RECVERIFY_AUTH_TOKEN", TOKEN).args("verify good --api-tries 3"));
    }
}

#[test]
fn no_secret_is_told_of_findings_retries_and_errors_in_any_output() {
    for token in [None, Some(TOKEN)] {
        let cloud = Sandbox::start();
        cloud.require_temporary_keys();
        let ids = ["altered", "missing", "denied", "failing", "broken", "echoed", "leaking"];
        let [altered, missing, denied, failing, broken, ..] = ids.map(|id| {
            let recording = Recording::new(id);
            cloud.upload(&recording);
            recording
        });
        cloud.put_object(&altered.bucket, &altered.video_key(), "something else");
        cloud.remove_object(&missing.bucket, &missing.video_key());
        cloud.deny_read(&denied.bucket, &denied.video_key());
        let video = |recording: &Recording| StoreCalls::get(&recording.bucket, &recording.video_key());
        cloud.fail_store(video(&failing), Times::always(), StoreFault::error(500, "InternalError"));
        cloud.fail_store(video(&broken), Times::first(2), StoreFault::Cut(10));
        // What a service was shown it can echo, slashes escaped or not.
        let echo = token.map_or_else(|| format!("{SECRET_KEY} {SECURITY_TOKEN}"), str::to_owned);
        let refusal = Canned::error(400, "WKS.0001", &echo);
        cloud.fail_api(ApiCalls::details("echoed"), Times::always(), ApiFault::Answer(refusal));
        let record = json!({"id": "leaking", "username": echo}).to_string().replace('/', "\\/");
        cloud.set_record_body("leaking", "application/json", record);

        let dir = TempDir::new().expect("a directory");
        let in_dir = |call: Call| {
            let call = call.in_dir(dir.path());
            match token {
                Some(token) => call.env("RECVERIFY_AUTH_TOKEN", token),
                None => call,
            }
        };
        let call = in_dir(recverify(&cloud)).args("-v verify --retry-wait 1ms --read-retries 2 --api-tries 2");
        let call = call.args(&ids.join(" ")).args("--ledger l.db --metrics m.prom");
        let ended = call.args("-o r.txt -o r.json -o r.jsonl -o r.csv -o r.xml -o r.sha256").run();
        assert_eq!(ended.code, 1, "{ended:?}");
        assert!(ended.out.contains("(400 WKS.0001: [secret]"), "{}", ended.out);
        assert!(ended.out.contains("it holds a secret of this run, so it is not kept"), "{}", ended.out);
        let shown =
            ["echoed", "leaking"].map(|id| in_dir(recverify(&cloud)).args("-v show --format json").arg(id).run());
        let export = in_dir(bare()).args("-v ledger export --format jsonl --ledger l.db").run();
        let [echoed, leaking] = shown;
        let mut written: Vec<_> =
            [ended, echoed, leaking, export].into_iter().flat_map(|ended| [ended.out, ended.err]).collect();
        for entry in fs::read_dir(dir.path()).expect("a directory") {
            let bytes = fs::read(entry.expect("readable").path()).expect("a file");
            written.push(String::from_utf8_lossy(&bytes).into_owned());
        }
        assert!(written.len() >= 16, "{} outputs", written.len());
        for text in written {
            has_no_secret("an output", &text.replace("\\/", "/"));
        }
    }
}

#[test]
fn no_secret_is_told_when_it_is_rejected() {
    let cloud = one_good();
    // Permanent keys are wanted, so a token beside them is refused; then nothing is accepted at all.
    tells_no_secret(3, || recverify(&cloud).env("HUAWEICLOUD_SDK_SECURITY_TOKEN", SECURITY_TOKEN).args("verify good"));
    cloud.expire_credentials();
    tells_no_secret(3, || recverify(&cloud).env("RECVERIFY_AUTH_TOKEN", TOKEN).args("verify good"));
    tells_no_secret(3, || recverify(&cloud).args("verify good"));
}

#[test]
fn no_secret_is_told_when_it_stands_in_the_wrong_place() {
    let cloud = one_good();
    let flag = recverify(&cloud).args("verify good").arg(format!("--secret-key={SECRET_KEY}")).run();
    let dir = TempDir::new().expect("a directory");
    fs::write(dir.path().join("keys"), format!("[basic]\nak = {ACCESS_KEY}\nsk {SECRET_KEY}\n")).expect("written");
    let keyless = keyless(&cloud).in_dir(dir.path()).env("HUAWEICLOUD_SDK_CREDENTIALS_FILE", "keys");
    let file = keyless.args("verify good").run();
    let blank = recverify(&cloud).env("RECVERIFY_AUTH_TOKEN", &format!("{TOKEN} {TOKEN}")).args("verify good").run();
    for ended in [flag, file, blank] {
        assert_eq!((ended.code, ended.out.as_str()), (2, ""));
        has_no_secret("standard error", &ended.err);
    }
}

#[test]
fn a_token_that_a_service_echoes_is_not_told_on() {
    let cloud = Sandbox::start();
    let echo = Canned::error(400, "WKS.0001", &format!("no good: {TOKEN}"));
    cloud.fail_api(ApiCalls::Any, Times::always(), ApiFault::Answer(echo));
    let ended = recverify(&cloud).env("RECVERIFY_AUTH_TOKEN", TOKEN).args("verify r -v").run();
    assert!(ended.out.contains("(400 WKS.0001: no good: [secret])"), "{}", ended.out);
    assert!(!ended.out.contains(TOKEN) && !ended.err.contains(TOKEN));
}
