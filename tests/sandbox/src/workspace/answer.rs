//! The Workspace API's refusals, in the documented shapes.
//!
//! The numbers after `WKS.` are the sandbox's own: the service documents the shape, not the codes.

use serde_json::json;

use crate::canned::Canned;

/// A refusal of the gateway before the service, which alone puts the request id into the body.
fn gateway(status: u16, code: &str, message: &str, request_id: &str) -> Canned {
    Canned::json(status, &json!({"error_msg": message, "error_code": code, "request_id": request_id}))
}

pub(crate) fn no_route(request_id: &str) -> Canned {
    let message = "The API does not exist or has not been published in the environment";
    gateway(404, "APIGW.0101", message, request_id)
}

pub(crate) fn wrong_method(request_id: &str) -> Canned {
    gateway(405, "APIGW.0101", "The request method is not supported by the API", request_id).header("allow", "GET")
}

pub(crate) fn unauthenticated(why: &str, request_id: &str) -> Canned {
    let message = format!("Incorrect IAM authentication information: {why}");
    gateway(401, "APIGW.0301", &message, request_id)
}

pub(crate) fn foreign_project(action: &str) -> Canned {
    let message = format!("Policy doesn't allow {action} to be performed.");
    Canned::forbidden("WKS.00010403", &message, "c2FuZGJveDogcHJvamVjdCBpcyBub3QgeW91cnM")
}

pub(crate) fn no_record(id: &str) -> Canned {
    Canned::error(404, "WKS.00010404", &format!("The screen record {id} does not exist."))
}

pub(crate) fn bad_parameter(why: &str) -> Canned {
    Canned::error(400, "WKS.00010400", &format!("Invalid parameter: {why}."))
}
