//! A time-stamp authority over HTTP: what it answers is made by openssl itself.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, DnType, IsCa, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use tempfile::TempDir;

/// What the authority does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StampFault {
    /// Answers with this status, and nothing of use.
    Status(u16),
    /// Answers with a page.
    Page,
    /// Stamps the digest of something else.
    OtherContent,
    /// Sends the answer to the question before.
    Replay,
    /// Refuses in due form.
    Refusal,
}

/// An authority, listening on loopback for as long as the tests run.
pub struct StampAuthority {
    url: String,
    root: String,
    fault: Arc<Mutex<Option<StampFault>>>,
}

impl StampAuthority {
    /// Begins to listen. Its certificates are valid from 2020 to 2030.
    pub fn start() -> Self {
        let (dir, root) = workshop();
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let url = format!("http://{}/tsr", listener.local_addr().expect("bound"));
        let fault = Arc::new(Mutex::new(None));
        let shared = Arc::clone(&fault);
        std::thread::spawn(move || {
            let mut last = Vec::new();
            for stream in listener.incoming() {
                let fault = *shared.lock().unwrap_or_else(PoisonError::into_inner);
                // A client that leaves is its own affair.
                let _ = stream.and_then(|stream| serve(&stream, &dir, fault, &mut last));
            }
        });
        Self { url, root, fault }
    }

    /// Where it is asked.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The certificate to trust, in PEM.
    pub fn pem(&self) -> &str {
        &self.root
    }

    /// What it does wrong from now on.
    pub fn fail(&self, fault: StampFault) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault);
    }
}

/// A directory with all that `openssl ts -reply` needs, and the root certificate.
fn workshop() -> (TempDir, String) {
    let dir = tempfile::tempdir().expect("a directory");
    let valid = |name: &str| {
        let mut params = CertificateParams::default();
        (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2030, 1, 1));
        params.distinguished_name.push(DnType::CommonName, name);
        params
    };
    let mut params = valid("Sandbox time-stamp root");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let root = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a certificate");

    let mut params = valid("Sandbox time-stamp authority");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    // Extended key usage: time-stamping alone, and critical (RFC 3161, 2.3).
    let usage = [0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x08];
    let mut usage = CustomExtension::from_oid_content(&[2, 5, 29, 37], usage.to_vec());
    usage.set_criticality(true);
    params.custom_extensions = vec![usage];
    let key = KeyPair::generate().expect("a key");
    let certificate = params.signed_by(&key, &root).expect("a certificate");

    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).expect("written");
    write("root.pem", &root.pem());
    write("authority.pem", &certificate.pem());
    write("authority.key", &key.serialize_pem());
    write(
        "authority.cnf",
        "[tsa]\ndefault_tsa = it\n[it]\nserial = ./serial\nsigner_digest = sha256\ndefault_policy = 1.2.3.4.1\n\
         digests = sha256\naccuracy = secs:1\ness_cert_id_alg = sha256\n",
    );
    (dir, root.pem())
}

fn serve(mut stream: &TcpStream, dir: &TempDir, fault: Option<StampFault>, last: &mut Vec<u8>) -> io::Result<()> {
    let question = hear(stream)?;
    let answer = match fault {
        None => reply(dir, &question),
        Some(StampFault::Status(_)) => Vec::new(),
        Some(StampFault::Page) => b"<html>Log in</html>".to_vec(),
        Some(StampFault::OtherContent) => {
            let mut other = question;
            // The digest lies between these places of a question for SHA-256.
            other[24] ^= 1;
            reply(dir, &other)
        }
        Some(StampFault::Replay) if last.is_empty() => reply(dir, &question),
        Some(StampFault::Replay) => last.clone(),
        // status rejection, no words.
        Some(StampFault::Refusal) => vec![0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x02],
    };
    last.clone_from(&answer);
    let status = if let Some(StampFault::Status(status)) = fault { status } else { 200 };
    write!(
        stream,
        "HTTP/1.1 {status} Said\r\nContent-Type: application/timestamp-reply\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        answer.len()
    )?;
    stream.write_all(&answer)
}

/// The body of a request that is a question; anything else is refused by closing the connection.
fn hear(stream: &TcpStream) -> io::Result<Vec<u8>> {
    let mut reader = BufReader::new(stream);
    let (mut length, mut is_question, mut lines) = (0, false, 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        lines += 1;
        assert!(lines > 1 || line.starts_with("post /tsr http/1.1"), "{line}");
        assert!(!line.starts_with("authorization") && !line.starts_with("x-auth-token"), "{line}");
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
        is_question |= line == "content-type: application/timestamp-query";
    }
    if !is_question {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(body)
}

fn reply(dir: &TempDir, question: &[u8]) -> Vec<u8> {
    std::fs::write(dir.path().join("question"), question).expect("written");
    let words = "ts -reply -config authority.cnf -queryfile question -signer authority.pem -inkey authority.key";
    let mut openssl = Command::new("openssl");
    let openssl = openssl.args(words.split(' ')).args(["-chain", "root.pem"]).current_dir(dir.path());
    let output = openssl.stdin(Stdio::null()).output().expect("openssl is there");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}
