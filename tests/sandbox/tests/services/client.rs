//! A bare HTTP client with both signatures, for the sandbox's own tests.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use recverify_sandbox::{ACCESS_KEY, PROJECT_ID, REGION, SECRET_KEY, Sandbox};
use sha2::{Digest, Sha256};

/// All that came before the connection ended or, if it stayed open, nothing more did for a while.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    pub(crate) end: End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Closed,
    Reset,
    Open,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let line = self.head.lines().find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}:")))?;
        Some(line[name.len() + 1..].trim())
    }
}

/// One request on a connection of its own.
pub(crate) fn exchange(endpoint: &str, head: &str) -> Answer {
    let mut stream = TcpStream::connect(endpoint.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    let mut received = Vec::new();
    let mut piece = [0; 8192];
    let end = loop {
        match stream.read(&mut piece) {
            Ok(0) => break End::Closed,
            Ok(n) => received.extend(&piece[..n]),
            Err(e) if e.kind() == std::io::ErrorKind::ConnectionReset => break End::Reset,
            Err(_) => break End::Open,
        }
    };
    let split = received.windows(4).position(|four| four == b"\r\n\r\n").map_or(received.len(), |at| at + 4);
    let body = received.split_off(split);
    let head = String::from_utf8(received).unwrap();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    Answer { status, head, body, end }
}

fn hmac(key: &[u8], data: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(data.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn stamp() -> String {
    Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// GET of the Workspace API, signed with a secret.
pub(crate) fn api_get_signed_with(cloud: &Sandbox, secret: &str, path: &str) -> Answer {
    let endpoint = cloud.workspace_endpoint();
    let host = endpoint.trim_start_matches("http://");
    let (stamp, empty) = (stamp(), hex::encode(Sha256::digest("")));
    let request = format!("GET\n{path}/\n\nhost:{host}\nx-sdk-date:{stamp}\n\nhost;x-sdk-date\n{empty}");
    let to_sign = format!("SDK-HMAC-SHA256\n{stamp}\n{}", hex::encode(Sha256::digest(request)));
    let signature = hex::encode(hmac(secret.as_bytes(), &to_sign));
    exchange(
        &endpoint,
        &format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nX-Sdk-Date: {stamp}\r\nConnection: close\r\n\
             Authorization: SDK-HMAC-SHA256 Access={ACCESS_KEY}, SignedHeaders=host;x-sdk-date, Signature={signature}\r\n\r\n"
        ),
    )
}

/// GET of one record's details.
pub(crate) fn details(cloud: &Sandbox, id: &str) -> Answer {
    api_get_signed_with(cloud, SECRET_KEY, &format!("/v2/{PROJECT_ID}/screen-records/{id}"))
}

/// A request to the store, path-style, signed; `extra` headers are sent and signed too.
pub(crate) fn store(cloud: &Sandbox, method: &str, path: &str, query: &str, extra: &[(&str, &str)]) -> Answer {
    let endpoint = cloud.obs_endpoint();
    store_by_name(cloud, endpoint.trim_start_matches("http://"), method, path, query, extra)
}

/// The same for any `Host`.
pub(crate) fn store_by_name(
    cloud: &Sandbox,
    host: &str,
    method: &str,
    path: &str,
    query: &str,
    extra: &[(&str, &str)],
) -> Answer {
    let stamp = stamp();
    let mut headers = vec![("host", host), ("x-amz-content-sha256", "UNSIGNED-PAYLOAD"), ("x-amz-date", &stamp)];
    headers.extend(extra);
    headers.sort_unstable();
    let names = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let lines = headers.iter().map(|(name, value)| format!("{name}:{value}")).collect::<Vec<_>>();
    let request = format!("{method}\n{path}\n{query}\n{}\n\n{names}\nUNSIGNED-PAYLOAD", lines.join("\n"));
    let day = &stamp[..8];
    let scope = format!("{day}/{REGION}/s3/aws4_request");
    let to_sign = format!("AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{}", hex::encode(Sha256::digest(request)));
    let key = [day, REGION, "s3", "aws4_request"]
        .iter()
        .fold(format!("AWS4{SECRET_KEY}").into_bytes(), |key, part| hmac(&key, part));
    let signature = hex::encode(hmac(&key, &to_sign));
    let query = if query.is_empty() { String::new() } else { format!("?{query}") };
    exchange(
        &cloud.obs_endpoint(),
        &format!(
            "{method} {path}{query} HTTP/1.1\r\n{}\r\nConnection: close\r\nAuthorization: AWS4-HMAC-SHA256 \
             Credential={ACCESS_KEY}/{scope}, SignedHeaders={names}, Signature={signature}\r\n\r\n",
            lines.join("\r\n"),
        ),
    )
}

/// GET of an object.
pub(crate) fn get(cloud: &Sandbox, path: &str) -> Answer {
    store(cloud, "GET", path, "", &[])
}
