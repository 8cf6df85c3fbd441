//! The main job on a cloud of its own: five recordings in a sandbox on this machine, verified by the real program.
//!
//! `cargo run --release --example demo`

use std::error::Error;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use recverify::Environment;
use recverify::streams::Streams;
use recverify_sandbox::{Recording, Sandbox};
use serde_json::Value;

/// The bucket of all the recordings.
const BUCKET: &str = "wks-recordings";

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let cloud = Sandbox::start();
    let ids = fill(&cloud)?;

    let mut environment = Environment::of_process();
    environment.variables.retain(|name, _| !name.starts_with("HUAWEICLOUD_") && !name.starts_with("HW_"));
    environment.variables.extend(cloud.environment().into_iter().map(|(name, value)| (name.to_owned(), value)));

    let mut args = vec!["recverify".to_owned(), "verify".to_owned()];
    args.extend(ids);
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "Five recordings lie in a sandbox on this machine. What a user would type:\n\n  {}\n",
        args.join(" ")
    )?;
    drop(out);
    let exit = recverify::run(args.into_iter().map(Into::into).collect(), environment, Streams::of_process());
    let code = exit.code();
    writeln!(
        io::stdout(),
        "\nExit code {code}: {}",
        if code == 1 { "a finding, as planned." } else { "not as planned." }
    )?;
    Ok(if code == 1 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Uploads one intact recording, one with a flipped byte, one whose video is gone, one declared without hashes and one
/// still uploading; returns their ids.
fn fill(cloud: &Sandbox) -> Result<Vec<String>, Box<dyn Error>> {
    let read = |name: String| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/recordings").join(name);
        std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))
    };
    let upload = |id: &str, session: u8| -> Result<(Recording, Value), Box<dyn Error>> {
        let recording = Recording {
            bucket: BUCKET.to_owned(),
            directory: "2026/11/21/".to_owned(),
            video_name: format!("{id}.mp4"),
            video: read(format!("session-0{session}.mp4"))?.into(),
            event_name: format!("{id}.jsonl"),
            event: read(format!("session-0{session}.jsonl"))?.into(),
            ..Recording::new(id)
        };
        let record = cloud.upload(&recording);
        Ok((recording, record))
    };

    upload("rec-intact", 1)?;

    let (recording, _) = upload("rec-flipped-byte", 2)?;
    let mut video = recording.video.to_vec();
    let middle = video.len() / 2;
    video[middle] ^= 0x01;
    cloud.put_object(BUCKET, &recording.video_key(), video);

    let (recording, _) = upload("rec-video-gone", 3)?;
    cloud.remove_object(BUCKET, &recording.video_key());

    let (_, mut record) = upload("rec-without-hashes", 1)?;
    record["video_file_sha256"] = Value::Null;
    record["event_file_sha256"] = Value::Null;
    cloud.add_record("rec-without-hashes", record);

    let (_, mut record) = upload("rec-uploading", 2)?;
    record["status"] = "UPLOADING".into();
    cloud.add_record("rec-uploading", record);

    let ids = ["rec-intact", "rec-flipped-byte", "rec-video-gone", "rec-without-hashes", "rec-uploading"];
    Ok(ids.map(str::to_owned).to_vec())
}
