//! What goes into the bag of one recording beside its payload: the API's answer, the record's own report, and words.

use crate::bag::{ANSWER, BagInfo, Contents, Label, Payload, REPORT, file_name};
use crate::evidence::{RecordReport, report_time};
use crate::fixity::{Observed, Outcome};
use crate::record::Role;
use crate::report::{JsonReport, NAME, ReportWriter as _, Run, Spool};
use crate::signature::{Signer, SignerError};
use crate::summary::Summary;

/// Stands in a bag of a recording that is not intact, and says so to whoever opens it.
pub(super) const NOT_INTACT: &str = "NOT-INTACT.txt";

/// The contents of a record's bag.
pub(super) fn contents(
    report: &RecordReport,
    run: &Run,
    copies: Vec<(Role, Observed)>,
    signer: Option<&Signer>,
) -> Result<Contents, SignerError> {
    let filename = |role| report.record.as_ref().and_then(|record| record.filename(role));
    let payload = copies.into_iter().map(|(role, observed)| Payload {
        from: role.to_string(),
        path: format!("data/{role}/{}", file_name(filename(role), role)),
        sha256: observed.sha256,
        bytes: observed.bytes,
    });
    let mut tags = Vec::new();
    if let Some(answer) = &report.answer {
        tags.push((ANSWER.to_owned(), answer.bytes().to_vec()));
    }
    let document = document(report, run)?;
    if let Some(signer) = signer {
        tags.push((format!("{REPORT}.sig"), signer.sign(&document[..])?.into_bytes()));
        tags.push((format!("{REPORT}.allowed_signers"), signer.allowed_signers()?.into_bytes()));
    }
    tags.push((REPORT.to_owned(), document));
    if report.outcome != Outcome::Intact {
        tags.push((NOT_INTACT.to_owned(), not_intact(report).into_bytes()));
    }
    Ok(Contents { info: info(report, run), payload: payload.collect(), tags })
}

/// The report of this record alone. The run's other records, the window it had and its other reports would name others.
fn document(report: &RecordReport, run: &Run) -> std::io::Result<Vec<u8>> {
    let expected = Spool::default();
    expected.push(&report.record_id);
    let finished_at = report.objects.iter().filter_map(|object| object.finished_at).max();
    let run = run.of_one_record(expected, finished_at.unwrap_or(run.started_at), REPORT);
    let mut summary = Summary { selected: 1, ..Summary::default() };
    summary.add(report);
    let mut document = Vec::new();
    let mut writer = JsonReport::new(&mut document);
    writer.record(report)?;
    writer.finish(&run, &summary)?;
    Ok(document)
}

fn info(report: &RecordReport, run: &Run) -> BagInfo {
    let mut info = BagInfo::default();
    info.add("Bag-Software-Agent", &format!("{} {}", NAME.name, NAME.version));
    info.add("Bagging-Date", &run.started_at.strftime("%Y-%m-%d").to_string());
    info.add(Label::Identifier.as_str(), report.record_id.as_str());
    info.add(Label::Outcome.as_str(), &report.outcome.to_string());
    if let Some(reason) = &report.reason {
        info.add("Recverify-Reason", &format!("{}: {}", reason.code, reason.message));
    }
    info.add("Recverify-Run", &run.id);
    info.add("Recverify-Run-Started", &report_time(run.started_at));
    for object in &report.objects {
        let role = match object.role {
            Role::Video => "Video",
            Role::Event => "Event",
        };
        if let Some(name) = report.record.as_ref().and_then(|record| record.filename(object.role)) {
            info.add(&format!("Recverify-{role}-Filename"), name);
        }
        if let (Some(bucket), Some(key)) = (&object.bucket, &object.key) {
            info.add(&format!("Recverify-{role}-Object"), &format!("{bucket}/{key}"));
        }
    }
    info
}

fn not_intact(report: &RecordReport) -> String {
    let why = report.reason.as_ref().map_or_else(String::new, |reason| format!(" {}.", reason.message));
    format!(
        "This recording was not found intact. It was found {}.{why}\n\
         The files under data are what was read, and the manifest has the digests of what was read, not the declared ones.\n\
         report.json says what was declared.\n",
        report.outcome
    )
}
