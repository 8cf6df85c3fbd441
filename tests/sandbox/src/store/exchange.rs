//! A request to the store with its true answer, as the faults see it.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};

use crate::fault::{StoreCalls, StoreFault};

use super::access::{Admitted, Target};
use super::backend::Served;
use super::error::ErrorDocument;

pub(crate) struct Exchange {
    method: Method,
    path: String,
    query: String,
    asked: HeaderMap,
    request_id: String,
    /// There if the request was authenticated and names a bucket.
    pub(crate) target: Option<Target>,
    pub(crate) answer: Response<Bytes>,
}

impl Exchange {
    /// Begins with a request; its answer comes with [`Exchange::complete`].
    pub(crate) fn of(request: &Request<Bytes>, request_id: String) -> Self {
        Self {
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            query: request.uri().query().unwrap_or_default().to_owned(),
            asked: request.headers().clone(),
            request_id,
            target: None,
            answer: Response::default(),
        }
    }

    /// Takes the answer, adds what S3 adds to every one, and writes errors as OBS does.
    pub(crate) fn complete(&mut self, answer: Response<Bytes>, admitted: &Admitted) {
        self.target = admitted.target();
        let status = answer.status();
        self.answer = answer;
        if status.is_client_error() || status.is_server_error() {
            let document = ErrorDocument::of(self.answer.body());
            let mut headers = std::mem::take(self.answer.headers_mut());
            headers.remove(header::CONTENT_TYPE);
            self.answer = document.render(status, &self.path, &self.request_id);
            self.answer.headers_mut().extend(headers);
        }
        self.sign_off();
    }

    /// Answers with an S3 error instead.
    pub(crate) fn answer_with_error(&mut self, status: u16, code: &str) {
        let status = StatusCode::from_u16(status).expect("an HTTP status");
        let document = ErrorDocument::new(code, "The sandbox was told to say so.");
        self.answer = document.render(status, &self.path, &self.request_id);
        self.sign_off();
    }

    /// Adds the headers of every answer of S3's.
    pub(crate) fn sign_off(&mut self) {
        let request_id = HeaderValue::try_from(&self.request_id).expect("hex digits are ASCII");
        let headers = self.answer.headers_mut();
        headers.insert(header::SERVER, HeaderValue::from_static("OBS"));
        headers.insert("x-amz-request-id", request_id);
    }

    pub(crate) fn is_among(&self, calls: &StoreCalls) -> bool {
        let Some(target) = &self.target else {
            return false;
        };
        let agrees = |wanted: Option<bool>, is: bool| wanted.is_none_or(|wanted| wanted == is);
        calls.method.as_ref().is_none_or(|method| *method == self.method)
            && calls.bucket.as_ref().is_none_or(|bucket| *bucket == target.bucket)
            && calls.key.as_ref().is_none_or(|key| Some(key) == target.key.as_ref())
            && agrees(calls.listing, target.key.is_none())
            && agrees(calls.ranged, self.asked.contains_key(header::RANGE))
    }

    /// Whether the fault would make any difference here.
    pub(crate) fn offers_what_it_needs(&self, fault: &StoreFault) -> bool {
        let served = self.served();
        match fault {
            StoreFault::Error { .. }
            | StoreFault::Answer(_)
            | StoreFault::Stranger(_)
            | StoreFault::Close
            | StoreFault::Reset
            | StoreFault::NoAnswer
            | StoreFault::Hold
            | StoreFault::Delay(_) => true,
            StoreFault::Cut(_)
            | StoreFault::CutByReset(_)
            | StoreFault::EndEarlyChunked(_)
            | StoreFault::EndEarlyClosed(_)
            | StoreFault::Stall(_)
            | StoreFault::Endless
            | StoreFault::HoldAfter(_)
            | StoreFault::Slow { .. }
            | StoreFault::LongLength(_) => self.answer.status().is_success() && self.method != Method::HEAD,
            StoreFault::Impostor(_) | StoreFault::Overwrite(..) | StoreFault::Remove(_) => served.is_some(),
            StoreFault::ShiftedRange(_) | StoreFault::WrongTotal(_) => {
                self.answer.headers().contains_key(header::CONTENT_RANGE)
            }
            StoreFault::IgnoreRange => served.is_some() && self.answer.status() == StatusCode::PARTIAL_CONTENT,
            StoreFault::ETag(_) | StoreFault::NoETag | StoreFault::WeakETag => {
                self.answer.headers().contains_key(header::ETAG)
            }
            StoreFault::FlipBit(at) => served.is_some_and(|s| (s.from..s.from + self.length()).contains(at)),
            StoreFault::RefuseIfMatch => self.asked.contains_key(header::IF_MATCH),
            StoreFault::RefuseVersion => self.query.split('&').any(|pair| pair.starts_with("versionId=")),
        }
    }

    /// The object the answer was made from, if there is one.
    pub(crate) fn served(&self) -> Option<&Served> {
        self.answer.extensions().get()
    }

    /// Bytes of the answer's body.
    pub(crate) fn length(&self) -> u64 {
        self.answer.body().len() as u64
    }
}
