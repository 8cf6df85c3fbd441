//! Files that hold evidence are their owner's alone from their first byte, whatever the umask; metrics are for everybody.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use recverify_sandbox::{Recording, Sandbox, Service, StoreCalls, StoreFault, Times};

use crate::harness::{Call, end, verify};

/// Name and permissions of every file there, those of reports not yet in place under `temporary`.
fn modes(dir: &Path) -> Vec<(String, u32)> {
    let mode = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().expect("UTF-8");
        let name = if name.starts_with(".tmp") { "temporary".to_owned() } else { name };
        (name, entry.metadata().expect("a file").permissions().mode() & 0o777)
    };
    let mut modes: Vec<_> =
        fs::read_dir(dir).expect("a directory").map(|entry| mode(entry.expect("an entry"))).collect();
    modes.sort();
    modes
}

/// The call under this umask.
fn under(umask: &str, call: Call) -> Call {
    call.through("sh", &["-c", &format!("umask {umask}; exec \"$0\" \"$@\"")])
}

#[test]
fn what_holds_evidence_is_private_at_every_moment_and_metrics_are_not() {
    for umask in ["000", "022", "077"] {
        let cloud = Sandbox::start();
        cloud.upload(&Recording::new("r"));
        cloud.fail_store(StoreCalls::gets(), Times::once(), StoreFault::Hold);
        let dir = tempfile::tempdir().expect("a directory");
        let call = verify(&cloud, "r --ledger l.db -o a.json -o b.txt --metrics m.prom").in_dir(dir.path());
        let started = under(umask, call).spawn();
        cloud.wait_for(|seen| seen.iter().any(|seen| seen.service == Service::Store));
        let during = modes(dir.path());
        cloud.release();
        assert_eq!(end(started).code, 0);
        assert!(during.len() >= 6, "ledger, log, lock and reports: {during:?}");
        assert!(during.iter().all(|(_, mode)| *mode == 0o600), "umask {umask}: {during:?}");
        let after = modes(dir.path());
        let expected = [
            ("a.json", 0o600),
            ("b.txt", 0o600),
            ("l.db", 0o600),
            ("l.db.head", 0o600),
            ("l.db.lock", 0o600),
            ("m.prom", 0o644),
        ];
        assert_eq!(after, expected.map(|(name, mode)| (name.to_owned(), mode)), "umask {umask}");
    }
}

#[test]
fn a_file_that_was_there_keeps_its_permissions() {
    let cloud = Sandbox::start();
    cloud.upload(&Recording::new("r"));
    let dir = tempfile::tempdir().expect("a directory");
    let run = || verify(&cloud, "r --ledger l.db -o a.json").in_dir(dir.path()).run();
    assert_eq!(run().code, 0);
    for mode in [0o640, 0o644] {
        for name in ["a.json", "l.db"] {
            fs::set_permissions(dir.path().join(name), fs::Permissions::from_mode(mode)).expect("set");
        }
        let before = fs::read(dir.path().join("a.json")).expect("a report");
        assert_eq!(run().code, 0);
        assert_ne!(fs::read(dir.path().join("a.json")).expect("a report"), before);
        let kept = modes(dir.path()).into_iter().filter(|(name, _)| !name.starts_with("l.db."));
        assert!(kept.clone().all(|(_, found)| found == mode), "{mode:o}: {:?}", kept.collect::<Vec<_>>());
    }
}
