//! Peak memory of `recverify verify` by the size of one object: it must not grow with it.
//!
//! `cargo bench --bench memory`; needs GNU time (Debian package `time`).

use std::error::Error;
use std::io::{self, Write as _};
use std::process::Command;

use bytes::Bytes;
use recverify_sandbox::{Recording, Sandbox};

const MIB: usize = 1 << 20;

fn main() -> Result<(), Box<dyn Error>> {
    let cloud = Sandbox::start();
    writeln!(io::stdout(), "{:>12}  {:>12}  {:>8}", "object", "peak memory", "wall")?;
    for size in [256, 2048] {
        let id = format!("object-of-{size}-mib");
        cloud.upload(&Recording { video: pattern(size * MIB), ..Recording::new(&id) });
        let run = Command::new("/usr/bin/time")
            .args(["-f", "%M %e", env!("CARGO_BIN_EXE_recverify"), "verify", "-q", &id])
            .env_clear()
            .envs(cloud.environment())
            .output()
            .map_err(|error| format!("/usr/bin/time cannot be run ({error}); install the Debian package time"))?;
        let measured = String::from_utf8(run.stderr)?;
        if !run.status.success() {
            return Err(format!("the recording was not called intact: {measured}").into());
        }
        let (peak, wall) = measured.trim().split_once(' ').ok_or("GNU time printed nothing")?;
        let peak = peak.parse::<f64>()? / 1024.0;
        writeln!(
            io::stdout(),
            "{:>12}  {:>12}  {:>8}",
            format!("{size} MiB"),
            format!("{peak:.1} MiB"),
            format!("{wall} s")
        )?;
        cloud.remove_record(&id);
    }
    Ok(())
}

/// Bytes that repeat after a length that is no power of two.
fn pattern(length: usize) -> Bytes {
    let period: Vec<u8> = (0..65_521_u32).map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect();
    period.iter().copied().cycle().take(length).collect::<Vec<_>>().into()
}
