//! A signature checked: whether it is of these bytes, with which key, and who that key is allowed to speak for.

use std::io::Read;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256, Sha512};
use ssh_key::authorized_keys::ConfigOptsIter;
use ssh_key::{HashAlg, PublicKey, SshSig};

use super::NAMESPACE;

/// A key that made a sound signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    key: PublicKey,
}

/// Why a signature does not hold.
#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    /// The bytes cannot be read.
    #[error(transparent)]
    Content(#[from] std::io::Error),
    /// The file is no signature.
    #[error("it is no signature of OpenSSH")]
    Malformed,
    /// It is made for something else.
    #[error("it was made for \"{0}\", not for {NAMESPACE}")]
    Namespace(String),
    /// By a kind of key that is not checked here.
    #[error("it was made with a key of the kind {0}; check it with ssh-keygen -Y verify")]
    Algorithm(String),
    /// The bytes are not those that were signed.
    #[error("it is not of these bytes")]
    Differs,
}

/// Why a key is not one that is allowed to sign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignerRefused {
    /// No line names it.
    #[error("the key {0} is not among the allowed signers")]
    Unknown(String),
    /// A line names it, for other purposes or times.
    #[error("the key {0} is among the allowed signers, but not for {NAMESPACE} at {1}")]
    NotThen(String, Timestamp),
    /// A line cannot be read.
    #[error("line {0} of the allowed signers cannot be read")]
    Malformed(usize),
}

impl Signed {
    /// Checks a signature as it stands in a `FILE.sig` against what a reader gives.
    pub fn verify(signature: &str, content: impl Read) -> Result<Self, SignatureError> {
        let signature = SshSig::from_pem(signature).map_err(|_| SignatureError::Malformed)?;
        if signature.namespace() != NAMESPACE {
            return Err(SignatureError::Namespace(signature.namespace().to_owned()));
        }
        if signature.public_key().ed25519().is_none() {
            return Err(SignatureError::Algorithm(signature.algorithm().to_string()));
        }
        let digest = match signature.hash_alg() {
            HashAlg::Sha256 => digest(Sha256::new(), content)?,
            HashAlg::Sha512 => digest(Sha512::new(), content)?,
            _ => return Err(SignatureError::Malformed),
        };
        let key = PublicKey::from(signature.public_key().clone());
        key.verify_prehash(NAMESPACE, &digest, &signature).map_err(|_| SignatureError::Differs)?;
        Ok(Self { key })
    }

    /// The key's fingerprint: `SHA256:…`.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.key.fingerprint(HashAlg::Sha256).to_string()
    }

    /// For whom the key signs by an allowed signers file (ssh-keygen(1)), as of this time. Lines of authorities that sign
    /// keys are passed over: ours are not signed by any.
    pub fn principal(&self, allowed: &str, at: Timestamp) -> Result<String, SignerRefused> {
        let mut named = false;
        for (number, line) in allowed.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let malformed = || SignerRefused::Malformed(number + 1);
            let (principals, rest) = principals(line).ok_or_else(malformed)?;
            let (options, key) = entry(rest).ok_or_else(malformed)?;
            if key.key_data() != self.key.key_data() || options.contains(&"cert-authority") {
                continue;
            }
            named = true;
            if options.iter().all(|option| admits(option, at)) {
                return Ok(principals.to_owned());
            }
        }
        let key = self.fingerprint();
        Err(if named { SignerRefused::NotThen(key, at) } else { SignerRefused::Unknown(key) })
    }
}

/// The principals of a line, which may stand in quotes, and what stands behind them.
fn principals(line: &str) -> Option<(&str, &str)> {
    let (principals, rest) = match line.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"')?,
        None => line.split_once([' ', '\t'])?,
    };
    Some((principals, rest.trim_start()))
}

/// Options, if there are any, and the key. (The parser for a line of authorized keys takes none with options and without
/// a comment.)
fn entry(text: &str) -> Option<(Vec<&str>, PublicKey)> {
    if let Ok(key) = text.parse() {
        return Some((Vec::new(), key));
    }
    let (options, key) = text.split_once([' ', '\t'])?;
    Some((ConfigOptsIter::new(options).ok()?.collect(), key.trim_start().parse().ok()?))
}

/// Whether an option of a line lets its key sign reports at this time; one that is not known does not.
fn admits(option: &str, at: Timestamp) -> bool {
    let Some((name, value)) = option.split_once('=') else { return false };
    let value = value.trim_matches('"');
    match name {
        "namespaces" => value.split(',').any(|namespace| matches!(namespace, NAMESPACE | "*")),
        "valid-after" => time(value).is_some_and(|after| at >= after),
        "valid-before" => time(value).is_some_and(|before| at <= before),
        _ => false,
    }
}

/// `YYYYMMDD[HHMM[SS]][Z]`; without the Z it is local time for ssh-keygen, and UTC here.
fn time(text: &str) -> Option<Timestamp> {
    let digits = text.strip_suffix('Z').unwrap_or(text);
    let whole = format!("{digits}{}", "000000".get(digits.len().saturating_sub(8)..)?);
    TimeZone::UTC.to_timestamp(DateTime::strptime("%Y%m%d%H%M%S", whole).ok()?).ok()
}

fn digest<D: Digest>(mut hash: D, mut content: impl Read) -> std::io::Result<Vec<u8>> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        match content.read(&mut buffer)? {
            0 => return Ok(hash.finalize().to_vec()),
            read => hash.update(&buffer[..read]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::Signer;
    use std::process::Command;

    fn signer() -> Signer {
        let dir = tempfile::tempdir().expect("a directory");
        let words = ["-q", "-t", "ed25519", "-N", "", "-f", "key"];
        assert!(Command::new("ssh-keygen").args(words).current_dir(dir.path()).status().expect("there").success());
        Signer::open(&dir.path().join("key"), None).expect("a key")
    }

    #[test]
    fn a_signature_is_of_its_bytes_alone() {
        let signer = signer();
        let signature = signer.sign(&b"content"[..]).expect("signed");
        let checked = Signed::verify(&signature, &b"content"[..]).expect("sound");
        assert_eq!(checked.fingerprint(), signer.fingerprint());
        assert!(matches!(Signed::verify(&signature, &b"Content"[..]), Err(SignatureError::Differs)));
        assert!(matches!(Signed::verify("no signature", &b"content"[..]), Err(SignatureError::Malformed)));
    }

    #[test]
    fn an_allowed_signer_is_one_for_this_purpose_and_time() {
        let at: Timestamp = "2026-01-15T08:00:00Z".parse().expect("a time");
        let (signer, other) = (signer(), self::signer());
        let checked = Signed::verify(&signer.sign(&b""[..]).expect("signed"), &b""[..]).expect("sound");
        let line = signer.allowed_signers().expect("a line");
        let key = line.split_once("\" ").expect("a key").1.to_owned();
        let asked = |line: &str| checked.principal(line, at);
        assert_eq!(asked(&line).as_deref(), Ok("recverify"));
        assert_eq!(asked(&format!("# ours\n\n\"a b\" {key}")).as_deref(), Ok("a b"));
        assert_eq!(asked(&format!("a valid-before=\"20260115080000Z\" {key}")).as_deref(), Ok("a"));
        let unknown = asked(&other.allowed_signers().expect("a line"));
        assert_eq!(unknown, Err(SignerRefused::Unknown(signer.fingerprint())));
        for options in
            ["namespaces=\"file\"", "valid-before=\"20260115075959Z\"", "valid-after=\"20260116\"", "new=\"1\""]
        {
            assert_eq!(asked(&format!("a {options} {key}")), Err(SignerRefused::NotThen(signer.fingerprint(), at)));
        }
        assert_eq!(asked("a b c"), Err(SignerRefused::Malformed(1)));
    }
}
