//! S3's error document: written as OBS writes it, read from what s3s wrote.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};

/// Texts are XML already, entities and all.
pub(crate) struct ErrorDocument {
    code: String,
    message: String,
    more: Vec<(String, String)>,
}

impl ErrorDocument {
    pub(crate) fn new(code: &str, message: &str) -> Self {
        Self { code: code.to_owned(), message: message.to_owned(), more: Vec::new() }
    }

    /// Adds an element of its own.
    pub(crate) fn with(mut self, element: &str, text: &str) -> Self {
        self.more.push((element.to_owned(), text.to_owned()));
        self
    }

    /// Reads a document back; one without a code (s3s sends none with 304, say) has an empty one.
    pub(crate) fn of(body: &Bytes) -> Self {
        let text = String::from_utf8_lossy(body);
        let mut document = match element(&text, "Code").unwrap_or_default() {
            // What s3s says of an access key it does not know; S3 and OBS have a word of their own for it.
            "NotSignedUp" => {
                Self::new("InvalidAccessKeyId", "The Access Key Id you provided does not exist in our records.")
            }
            code => Self::new(code, element(&text, "Message").unwrap_or_default()),
        };
        for name in ["Region", "RequestTime", "ServerTime", "MaxAllowedSkewMilliseconds"] {
            if let Some(value) = element(&text, name) {
                document = document.with(name, value);
            }
        }
        document
    }

    /// The document before request id and resource are known.
    pub(crate) fn draft(self, status: u16) -> Response<Bytes> {
        self.render(StatusCode::from_u16(status).expect("an HTTP status"), "", "")
    }

    pub(crate) fn render(self, status: StatusCode, resource: &str, request_id: &str) -> Response<Bytes> {
        let more: Vec<String> = self.more.iter().map(|(name, text)| format!("<{name}>{text}</{name}>")).collect();
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<Error><Code>{}</Code><Message>{}</Message>{}\
             <Resource>{}</Resource><RequestId>{request_id}</RequestId><HostId>sandbox</HostId></Error>",
            self.code,
            self.message,
            more.concat(),
            escape(resource),
        );
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = status;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
        response
    }
}

fn element<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    Some(rest.split_once(&format!("</{name}>"))?.0)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
