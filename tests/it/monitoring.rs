//! What is told to whoever watches runs from outside: pings and metrics.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use recverify_sandbox::{
    ACCESS_KEY, PROJECT_ID, Recording, SECRET_KEY, Sandbox, Service, StoreCalls, StoreFault, Times,
};

use crate::harness::{Call, end, verify};
use crate::watchdog::Watchdog;

fn pinging(cloud: &Sandbox, watchdog: &Watchdog, words: &str) -> Call {
    verify(cloud, words).args("--ping-url").arg(watchdog.url())
}

/// The last ping's line up to the run's id, and the exit code.
fn told(call: Call, watchdog: &Watchdog) -> (i32, String) {
    let code = call.run().code;
    let line = watchdog.heard().last().expect("a ping").line.clone();
    (code, line.split('?').next().expect("a path").to_owned())
}

fn cloud_with_every_outcome() -> Sandbox {
    let cloud = Sandbox::start();
    cloud.upload(&Recording::new("good"));
    let bad = Recording::new("bad");
    cloud.upload(&bad);
    cloud.put_object(&bad.bucket, &bad.video_key(), "something else");
    let mut waiting = cloud.upload(&Recording::new("waiting"));
    waiting["status"] = "UPLOADING".into();
    cloud.add_record("waiting", waiting);
    cloud
}

#[test]
fn a_watchdog_hears_that_a_run_began_and_how_it_ended_and_no_secret() {
    let cloud = cloud_with_every_outcome();
    let watchdog = Watchdog::content();
    let ended = pinging(&cloud, &watchdog, "good").run();
    assert_eq!((ended.code, ended.err.contains("warning")), (0, false), "{ended:?}");
    let id = ended.report()["run"]["id"].as_str().expect("an id").to_owned();
    let heard = watchdog.heard();
    let lines: Vec<_> = heard.iter().map(|ping| ping.line.clone()).collect();
    assert_eq!(lines, [format!("POST /check/start?rid={id}"), format!("POST /check?rid={id}")]);
    assert_eq!(heard[0].body, "");
    assert!(heard[1].body.starts_with("1 record: 1 intact; ") && !heard[1].body.contains('\n'), "{heard:?}");
    for ping in heard {
        let all = format!("{}{}", ping.head, ping.body);
        for secret in [ACCESS_KEY, SECRET_KEY, PROJECT_ID, "good", "uthorization"] {
            assert!(!all.contains(secret), "{secret} in {all}");
        }
    }
}

#[test]
fn what_a_failure_is_can_be_said() {
    let cloud = cloud_with_every_outcome();
    let watchdog = Watchdog::content();
    let cases = [
        ("bad", 1, "POST /check/1"),
        ("waiting", 3, "POST /check"),
        ("waiting --ping-fail-on any", 3, "POST /check/3"),
        ("--ids-from -", 4, "POST /check"),
        ("--ids-from - --ping-fail-on any", 4, "POST /check/4"),
    ];
    for (words, code, line) in cases {
        assert_eq!(told(pinging(&cloud, &watchdog, words), &watchdog), (code, line.to_owned()), "{words}");
    }
}

#[test]
fn a_ping_that_fails_warns_and_changes_no_exit_code() {
    let cloud = cloud_with_every_outcome();
    let unknown = Watchdog::start(|_| ("200 OK", "OK (not found)"));
    let gone = Watchdog::start(|_| ("404 Not Found", ""));
    for (watchdog, answer) in [(&unknown, "\"OK (not found)\""), (&gone, "404 Not Found")] {
        let ended = pinging(&cloud, watchdog, "good").run();
        assert_eq!(ended.code, 0);
        for what in ["start", "end"] {
            let line = format!("warning: the ping of the run's {what} failed: the answer was {answer}\n");
            assert!(ended.err.contains(&line), "{ended:?}");
        }
    }
}

#[test]
fn a_watchdog_that_falters_is_pinged_again() {
    let cloud = cloud_with_every_outcome();
    let mut faults = 2;
    let watchdog = Watchdog::start(move |_| {
        faults -= 1;
        if faults >= 0 { ("503 Service Unavailable", "") } else { ("200 OK", "OK") }
    });
    let ended = pinging(&cloud, &watchdog, "good").run();
    assert!(!ended.err.contains("warning"), "{ended:?}");
    assert_eq!(watchdog.heard().len(), 4);
}

#[test]
fn metrics_are_for_everybody_and_remember_the_last_success() {
    let cloud = cloud_with_every_outcome();
    let dir = tempfile::tempdir().expect("a directory");
    let value = |text: &str, name: &str| {
        let mut found = text.lines().filter(|line| line.starts_with(name) && !line.starts_with('#'));
        found.next().map(|line| line.rsplit(' ').next().expect("a value").to_owned())
    };
    let run = |words: &str| {
        let ended = verify(&cloud, words).args("--metrics recverify.prom").in_dir(dir.path()).run();
        let text = std::fs::read_to_string(dir.path().join("recverify.prom")).expect("metrics");
        (ended.code, text)
    };
    let (code, first) = run("good");
    let success = value(&first, "recverify_last_success_timestamp_seconds");
    assert!(code == 0 && success.is_some(), "{first}");
    let (code, second) = run("good bad waiting");
    assert_eq!(code, 1);
    assert_eq!(value(&second, "recverify_last_success_timestamp_seconds"), success);
    assert_eq!(value(&second, "recverify_last_run_exit_code").as_deref(), Some("1"));
    let labels = format!("{{region=\"eu-west-101\",project=\"{PROJECT_ID}\"");
    for outcome in ["altered", "unverified", "intact"] {
        let line = format!("recverify_records{labels},outcome=\"{outcome}\"}} 1\n");
        assert!(second.contains(&line), "{second}");
    }
    let mode = std::fs::metadata(dir.path().join("recverify.prom")).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
    assert_eq!(std::fs::read_dir(dir.path()).expect("a directory").count(), 1);
}

#[test]
fn a_night_tells_what_it_postponed_and_every_metric_is_documented() {
    let cloud = cloud_with_every_outcome();
    let dir = tempfile::tempdir().expect("a directory");
    let words = "--since 24h --ledger ledger.db --metrics recverify.prom";
    for _ in 0..2 {
        assert_ne!(verify(&cloud, words).in_dir(dir.path()).run().code, 6);
    }
    let text = std::fs::read_to_string(dir.path().join("recverify.prom")).expect("metrics");
    let labels = format!("{{region=\"eu-west-101\",project=\"{PROJECT_ID}\"");
    let lines = [
        format!("recverify_selected_records{labels}}} 3\n"),
        format!("recverify_postponed_records{labels},state=\"skipped\"}} 1\n"),
        format!("recverify_postponed_records{labels},state=\"not_ready\"}} 1\n"),
        format!("recverify_postponed_records{labels},state=\"left\"}} 0\n"),
    ];
    assert!(lines.iter().all(|line| text.contains(line)), "{lines:#?} in {text}");
    let names = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    let documented = |name: &&str| include_str!("../../README.md").contains(&format!("| `{name}` |"));
    assert_eq!(names.filter(|name| !documented(name)).collect::<Vec<_>>(), Vec::<&str>::new());
}

#[test]
fn an_interrupted_run_tells_the_watchdog() {
    let cloud = cloud_with_every_outcome();
    let watchdog = Watchdog::content();
    cloud.fail_store(StoreCalls::gets(), Times::always(), StoreFault::NoAnswer);
    let child = pinging(&cloud, &watchdog, "good").spawn();
    cloud.wait_for(|requests| requests.iter().any(|request| request.service == Service::Store));
    let kill = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill");
    assert!(kill.success());
    let ended = end(child);
    assert_eq!(ended.code, 143, "{ended:?}");
    let line = watchdog.heard().last().expect("a ping").line.clone();
    assert!(line.starts_with("POST /check/143?rid="), "{line}");
}
