//! The question to an authority (RFC 3161, 2.4.1), in DER.

use crate::fixity::Sha256Digest;

/// `SEQUENCE { version 1, messageImprint { { sha256, NULL }, OCTET STRING (32) …`
const BEFORE_DIGEST: [u8; 24] = [
    0x30, 0x43, 0x02, 0x01, 0x01, 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
    0x01, 0x05, 0x00, 0x04, 0x20,
];

/// `… nonce INTEGER (8) …`
const BEFORE_NONCE: [u8; 2] = [0x02, 0x08];

/// `… certReq TRUE }`: without the authority's certificates the answer could not be checked years later.
const WITH_CERTIFICATES: [u8; 3] = [0x01, 0x01, 0xff];

/// Ties an answer to its question. Its first byte lies between 0x40 and 0x7f, so that it always has eight in DER.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Nonce(pub(super) [u8; 8]);

impl Nonce {
    /// Takes what is random of a UUID of version 7: its second half, but for the two bits that never differ.
    pub(super) fn of(random: uuid::Uuid) -> Self {
        let (_, random) = random.as_u64_pair();
        Self((random & 0x3fff_ffff_ffff_ffff | 1 << 62).to_be_bytes())
    }
}

/// The body of a question.
pub(super) fn request(digest: &Sha256Digest, nonce: Nonce) -> Vec<u8> {
    [&BEFORE_DIGEST[..], digest.as_bytes(), &BEFORE_NONCE, &nonce.0, &WITH_CERTIFICATES].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    #[test]
    fn openssl_reads_the_question() {
        let digest = Sha256Digest::of(b"report");
        let body = request(&digest, Nonce([0x40, 1, 2, 3, 4, 5, 6, 7]));
        let mut openssl = Command::new("openssl");
        let openssl = openssl.args(["ts", "-query", "-in", "/dev/stdin", "-text"]).stdin(Stdio::piped());
        let mut child = openssl.stdout(Stdio::piped()).spawn().expect("openssl is there");
        child.stdin.take().expect("a pipe").write_all(&body).expect("written");
        let text = String::from_utf8(child.wait_with_output().expect("ended").stdout).expect("text");
        for line in ["Version: 1", "Hash Algorithm: sha256", "Nonce: 0x4001020304050607", "Certificate required: yes"] {
            assert!(text.contains(line), "no \"{line}\" in {text}");
        }
        let shown: String = text.lines().filter_map(|line| line.strip_prefix("    0")).collect();
        let hex: String = shown.split("   ").next().map(str::to_owned).unwrap_or_default();
        assert!(hex.replace([' ', '-'], "").contains(&digest.to_string()[..16]), "{text}");
    }
}
