//! The signature and the time-stamp that stand beside a report.

use std::fs::File;
use std::io;
use std::path::Path;

use jiff::Timestamp;

use super::finding::{Check, Finding};
use crate::fixity::Sha256Digest;
use crate::signature::{Signed, sidecar};
use crate::time::report_time;
use crate::timestamp::Response;

/// What `FILE.sig` is worth, as of a time.
pub(super) fn signature(report: &Path, allowed: Option<&str>, at: Timestamp) -> io::Result<Finding> {
    let fail = |why: &str| Finding::fail(Check::Signature, why);
    let Some(signature) = beside(report, "sig")? else {
        return Ok(match allowed {
            Some(_) => fail("it is not signed: there is no .sig beside it"),
            None => Finding::skip(Check::Signature, "it is not signed: there is no .sig beside it"),
        });
    };
    let signed = match Signed::verify(&String::from_utf8_lossy(&signature), File::open(report)?) {
        Ok(signed) => signed,
        Err(error) => return Ok(fail(&format!("the signature does not hold: {error}"))),
    };
    let key = signed.fingerprint();
    Ok(match allowed.map(|allowed| signed.principal(allowed, at)) {
        None => Finding::ok(Check::Signature, format!("signed by {key}, identity not checked")),
        Some(Ok(principal)) => Finding::ok(Check::Signature, format!("signed by {principal} ({key})")),
        Some(Err(refused)) => fail(&refused.to_string()),
    })
}

/// What `FILE.tsr` is worth, and its time if it is of this report.
pub(super) fn stamp(report: &Path, finished_at: Option<Timestamp>) -> io::Result<(Finding, Option<Timestamp>)> {
    let Some(stamp) = beside(report, "tsr")? else {
        let message = "there is no time-stamp beside it, so the time is the operator's word";
        return Ok((Finding::skip(Check::Timestamp, message), None));
    };
    let digest = Sha256Digest::read(File::open(report)?)?;
    let read = Response::read(&stamp).and_then(|response| response.is_of(&digest).map(|()| response.at));
    let at = match read {
        Ok(at) => at,
        Err(error) => {
            return Ok((Finding::fail(Check::Timestamp, format!("the time-stamp does not hold: {error}")), None));
        }
    };
    let name = report.display();
    let moment = finished_at.unwrap_or(at).as_second();
    let message = format!(
        "of these bytes, {} by its own words; who gave it is not checked here: openssl ts -verify -data {name} -in \
         {name}.tsr -CAfile authority.pem -attime {moment}",
        report_time(at)
    );
    Ok((Finding::ok(Check::Timestamp, message), Some(at)))
}

fn beside(report: &Path, suffix: &str) -> io::Result<Option<Vec<u8>>> {
    match std::fs::read(sidecar(report, suffix)) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
