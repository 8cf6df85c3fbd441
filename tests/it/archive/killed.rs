//! `kill -9` at random moments of an archive of thirty records: a bag that has its name is whole and true, none is lost,
//! and a finished run leaves nothing behind.

use recverify_sandbox::{Recording, Sandbox};
use std::io::Write as _;

use super::{archive, bagit_says, holds, names};

const RECORDS: usize = 30;

/// How often a run is killed; `RECVERIFY_ARCHIVE_KILLS` sets another number.
fn kills() -> usize {
    std::env::var("RECVERIFY_ARCHIVE_KILLS").map_or(4, |number| number.parse().expect("a number"))
}

#[test]
fn no_moment_to_be_killed_at_leaves_a_bag_that_is_wrong_or_loses_one() {
    let cloud = Sandbox::start();
    let recordings: Vec<_> = (0..RECORDS).map(|n| Recording::new(&format!("r{n:02}"))).collect();
    let video = |n: usize| vec![u8::try_from(n).unwrap(); 200_000 + 1_000 * n];
    let recordings: Vec<_> =
        recordings.into_iter().enumerate().map(|(n, r)| Recording { video: video(n).into(), ..r }).collect();
    for recording in &recordings {
        cloud.upload(recording);
    }
    let ids: String = recordings.iter().map(|recording| format!("{} ", recording.id)).collect();
    let mut random = fastrand::Rng::with_seed(30);
    let mut killed = 0;
    for _ in 0..kills() {
        let dir = tempfile::tempdir().unwrap();
        let run = || archive(&cloud, &dir, "-q --concurrency 3").args(&ids);
        let before = cloud.requests().len();
        let mut child = run().spawn();
        // Requests come three a record; a kill is dealt somewhere between two of them.
        let requests = random.usize(1..3 * RECORDS);
        cloud.wait_for(|seen| seen.len() >= before + requests);
        let spins = random.u32(..200_000);
        (0..spins).for_each(|_| std::hint::spin_loop());
        child.kill().unwrap();
        killed += usize::from(child.wait().unwrap().code().is_none());
        let root = dir.path().join("a");
        let whole = || names(&root).into_iter().filter(|name| !name.starts_with('.')).collect::<Vec<_>>();
        let first = whole();
        for name in &first {
            let recording = recordings.iter().find(|recording| recording.id == *name).expect("one of them");
            let kept = std::fs::read(root.join(name).join(format!("data/video/{name}.mp4"))).unwrap();
            assert!(kept == recording.video, "{name} holds other bytes");
            assert!(holds(
                &root.join(name),
                "sha256sum -c --status --strict tagmanifest-sha256.txt manifest-sha256.txt"
            ));
        }
        let ended = run().run();
        assert_eq!((ended.code, ended.err.as_str()), (0, ""));
        let all: Vec<_> = recordings.iter().map(|recording| recording.id.clone()).collect();
        assert_eq!(whole(), all);
        assert_eq!(names(&root).len(), RECORDS + 1, "nothing but the lock is left: {:?}", names(&root));
        let sample = random.usize(..RECORDS);
        bagit_says(true, &root.join(&all[sample]), "after the kill");
    }
    assert!(killed > 0, "no run was under way when it was killed");
    writeln!(std::io::stdout(), "{killed} of {} runs were under way when they were killed", kills()).unwrap();
}
