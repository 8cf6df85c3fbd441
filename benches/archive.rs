//! `recverify archive` beside `recverify verify` on the same objects: wall time as a ratio, and peak memory.
//!
//! `cargo bench --bench archive`; needs GNU time (Debian package `time`). The archive is made in the directory for
//! temporary files (`TMPDIR`), so that is the disk it is measured with. The two take turns; the median of each counts.

use std::error::Error;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::Command;

use recverify_sandbox::{Recording, Sandbox};

const MIB: usize = 1 << 20;
const TURNS: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let cloud = Sandbox::start();
    writeln!(io::stdout(), "{:>22}  {:>16}  {:>16}  {:>6}", "objects", "verify", "archive", "ratio")?;
    for (records, size) in [(30, MIB), (4, 256 * MIB)] {
        let ids: Vec<_> = (0..records).map(|n| format!("r{n}-of-{size}")).collect();
        for id in &ids {
            cloud.upload(&Recording { video: vec![7; size].into(), ..Recording::new(id) });
        }
        let (mut verify, mut archive) = (Vec::new(), Vec::new());
        for _ in 0..TURNS {
            let dir = tempfile::tempdir()?;
            verify.push(run(&cloud, dir.path(), &["verify", "-q"], &ids)?);
            archive.push(run(&cloud, dir.path(), &["archive", "-q", "--to", "a"], &ids)?);
        }
        let (verify, archive) = (median(verify), median(archive));
        let shown = |(wall, peak): (f64, f64)| format!("{wall:.2} s {peak:.1} MiB");
        writeln!(
            io::stdout(),
            "{:>22}  {:>16}  {:>16}  {:>6.2}",
            format!("{records} of {} MiB", size / MIB),
            shown(verify),
            shown(archive),
            archive.0 / verify.0
        )?;
        for id in &ids {
            cloud.remove_record(id);
        }
        cloud.remove_bucket("wks-recordings");
    }
    Ok(())
}

/// Seconds and peak memory of a run.
fn run(cloud: &Sandbox, dir: &Path, words: &[&str], ids: &[String]) -> Result<(f64, f64), Box<dyn Error>> {
    let run = Command::new("/usr/bin/time")
        .args(["-f", "%e %M", env!("CARGO_BIN_EXE_recverify")])
        .args(words)
        .args(ids)
        .env_clear()
        .envs(cloud.environment())
        .current_dir(dir)
        .output()
        .map_err(|error| format!("/usr/bin/time cannot be run ({error}); install the Debian package time"))?;
    let measured = String::from_utf8(run.stderr)?;
    if !run.status.success() {
        return Err(format!("the recordings were not called intact: {measured}").into());
    }
    let (wall, peak) = measured.trim().split_once(' ').ok_or("GNU time printed nothing")?;
    Ok((wall.parse()?, peak.parse::<f64>()? / 1024.0))
}

/// The middle of each figure by itself.
fn median(runs: Vec<(f64, f64)>) -> (f64, f64) {
    let (mut walls, mut peaks): (Vec<_>, Vec<_>) = runs.into_iter().unzip();
    walls.sort_by(f64::total_cmp);
    peaks.sort_by(f64::total_cmp);
    (walls[walls.len() / 2], peaks[peaks.len() / 2])
}
