//! What the answers of the Workspace API say: reached, who asks, project, listing, one record.

use super::examine::{Examined, is_about, is_there};
use super::finding::{Check, Finding, Status};
use super::reach::{reached, said, unreachable};
use super::subject::{Identity, Subject};
use crate::credentials::Wanted;
use crate::fixity::Code;
use crate::record::{Record, RecordId};
use crate::time::report_time;
use crate::workspace::ApiError;

const FLAG: &str = "--workspace-endpoint";

/// The checks that the API answers.
pub(super) fn findings(subject: &Subject, seen: &Examined, clock: &Finding) -> Vec<Finding> {
    let fault = fault(subject, seen, clock);
    let fault = fault.as_ref();
    let accepted = errors(seen).all(says_accepted);
    let answered = seen.listing.is_some() && accepted;
    let proof = |well: bool, message: String| well.then_some(message);
    let reached = reached(Check::Api, &subject.api);
    let api = if fault.is_some_and(|fault| fault.check == Check::Api) {
        Finding::of(Check::Api, None, fault, Check::Api)
    } else {
        reached
    };
    let who = proof(answered || matches!(seen.listing, Some(Ok(_))), format!("the API accepts {}", subject.to_api));
    vec![
        api,
        Finding::of(Check::Credentials, who, fault, Check::Api),
        project(subject, seen, fault),
        list(subject, seen, fault),
        record(subject, seen, fault),
    ]
}

fn errors(seen: &Examined) -> impl Iterator<Item = &ApiError> {
    let listing = seen.listing.iter().filter_map(|listing| listing.as_ref().err());
    listing.chain(seen.record.iter().filter_map(|(_, answer)| answer.as_ref().err()))
}

/// What keeps the API from answering at all, if anything does.
fn fault(subject: &Subject, seen: &Examined, clock: &Finding) -> Option<Finding> {
    if let Err(error) = &seen.api {
        return Some(unreachable(Check::Api, error, FLAG));
    }
    if clock.status == Status::Fail && subject.to_api != Identity::Token {
        return Some(clock.clone());
    }
    errors(seen).find_map(|error| fault_of(subject, error))
}

fn fault_of(subject: &Subject, error: &ApiError) -> Option<Finding> {
    let reason = error.reason();
    let said = said(reason.api.as_ref());
    let who = &subject.to_api;
    Some(match (error, reason.code) {
        (ApiError::NoAccess(unavailable), code) => no_access(unavailable.wanted, code, reason.message, who),
        (ApiError::NotAsked(_), _) | (_, Code::AccessDenied | Code::RecordNotFound) => return None,
        (ApiError::Http(error), _) => unreachable(Check::Api, error, FLAG),
        (_, Code::Unauthorized) => {
            Finding::fail(Check::Credentials, format!("the API rejected {who}{said}"), who.remedy())
        }
        (_, Code::ClockSkew) => Finding::fail(Check::Credentials, reason.message, "set the clock right"),
        (_, Code::Throttled) => Finding::fail(Check::Api, reason.message, "try again later, or ask for a higher quota"),
        (ApiError::Refused(answer), Code::ServiceError) if answer.status >= Some(500) => {
            let message = reason.message;
            Finding::fail(Check::Api, message, "try again later; if it lasts, tell the service's support")
        }
        _ => {
            let remedy = format!("check --region, {FLAG} and what stands in between, such as a proxy");
            Finding::fail(Check::Api, reason.message, remedy)
        }
    })
}

/// Whether an error shows that the credential is good.
fn says_accepted(error: &ApiError) -> bool {
    !matches!(error, ApiError::NoAccess(_)) && matches!(error.code(), Code::AccessDenied | Code::RecordNotFound)
}

/// Keys, or a project, that had to be got over the network and were not.
fn no_access(wanted: Wanted, code: Code, message: String, who: &Identity) -> Finding {
    let check = match (wanted, code) {
        // IAM knows tokens and keys before it knows projects.
        (Wanted::Keys, _) | (_, Code::Unauthorized | Code::ClockSkew) => Check::Credentials,
        (Wanted::Project, _) => Check::Project,
    };
    let remedy = match (code, wanted) {
        (Code::Unauthorized, _) => who.remedy(),
        (Code::ClockSkew, _) => "set the clock right",
        (Code::ProjectUnknown, _) => "give the project by --project-id, and check --region",
        (Code::AccessDenied, _) => "grant it, or give the project by --project-id",
        (_, Wanted::Project) => "give the project by --project-id, or check --iam-endpoint and what stands in between",
        (_, Wanted::Keys) => "export keys, or try again on a cloud server that has an agency",
    };
    Finding::fail(check, message, remedy)
}

fn project(subject: &Subject, seen: &Examined, fault: Option<&Finding>) -> Finding {
    let id = &subject.project_id;
    let record_was_looked_for = seen.record.as_ref().is_some_and(|(_, answer)| match answer {
        Ok(_) => true,
        Err(error) => error.code() == Code::RecordNotFound,
    });
    if matches!(seen.listing, Some(Ok(_))) || record_was_looked_for {
        let found = if subject.found_by_iam { ", which IAM found by the region's name" } else { "" };
        return Finding::ok(Check::Project, format!("the API answers for project {id}{found}"));
    }
    if let Some(fault) = fault {
        return Finding::of(Check::Project, None, Some(fault), fault.check);
    }
    let message = format!("nothing was allowed in project {id}, so it may be another one that is meant");
    Finding::warn(Check::Project, message, "check --project-id, and that it goes with the region")
}

fn list(subject: &Subject, seen: &Examined, fault: Option<&Finding>) -> Finding {
    match &seen.listing {
        Some(Ok(records)) if records.is_empty() => {
            let since = report_time(subject.criteria.since);
            Finding::ok(Check::List, format!("records may be listed; none began since {since}"))
        }
        Some(Ok(_)) => Finding::ok(Check::List, "records may be listed"),
        Some(Err(error)) if says_accepted(error) => {
            let message = format!("the API denied the listing{}", said(error.reason().api.as_ref()));
            let project = &subject.project_id;
            Finding::fail(Check::List, message, format!("grant workspace:screenRecord:list on project {project}"))
        }
        _ => Finding::of(Check::List, None, fault, Check::Api),
    }
}

fn record(subject: &Subject, seen: &Examined, fault: Option<&Finding>) -> Finding {
    match (&seen.record, &seen.listing, fault) {
        (Some((id, Ok(record))), ..) => described(id, record),
        (Some((id, Err(error))), ..) if says_accepted(error) && error.code() == Code::AccessDenied => {
            let message = format!("the API denied record {id}{}", said(error.reason().api.as_ref()));
            let project = &subject.project_id;
            Finding::fail(Check::Record, message, format!("grant workspace:screenRecord:get on project {project}"))
        }
        (Some((id, Err(error))), ..) if error.code() == Code::RecordNotFound => {
            let message = format!("the API knows no record {id}{}", said(error.reason().api.as_ref()));
            Finding::fail(Check::Record, message, "check the id, the project and the region")
        }
        (None, Some(Ok(_)), None) => Finding {
            message: "not checked, because there is no record to try".to_owned(),
            remedy: Some("name one, or look further back with --since".to_owned()),
            ..Finding::skip(Check::Record, Check::List)
        },
        (None, Some(Err(_)), None) => {
            Finding { remedy: Some("name a record".to_owned()), ..Finding::skip(Check::Record, Check::List) }
        }
        _ => Finding::of(Check::Record, None, fault, Check::List),
    }
}

fn described(id: &RecordId, record: &Record) -> Finding {
    if !is_about(id, record) {
        let other = record.id.as_deref().unwrap_or_default();
        let message = format!("asked about {id}, the API answered about another record, {other}");
        Finding::fail(Check::Record, message, "ask the service's support")
    } else if is_there(record) {
        Finding::ok(Check::Record, format!("the API describes {id}"))
    } else {
        let status = record.status.as_deref().unwrap_or_default();
        let message = format!("the API describes {id}; its status is {status}, so its files are not in the bucket");
        Finding::warn(Check::Record, message, "name a record that is uploaded")
    }
}
