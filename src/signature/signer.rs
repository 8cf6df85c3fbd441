//! A private key of OpenSSH, and what is signed with it.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha512};
use ssh_key::{Algorithm, HashAlg, LineEnding, PrivateKey};

use super::{NAMESPACE, PRINCIPAL};

/// Signs files with an Ed25519 key.
#[derive(Debug)]
pub struct Signer {
    key: PrivateKey,
}

/// Why there is no key to sign with, or no signature.
#[derive(Debug, thiserror::Error)]
pub enum SignerError {
    /// The file cannot be read.
    #[error("the signing key {path} cannot be read: {source}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It holds something else, or a key of another algorithm.
    #[error("{0} is no Ed25519 private key of OpenSSH; make one with ssh-keygen -t ed25519 -f FILE")]
    NoKey(PathBuf),
    /// It is encrypted, and nobody gave a passphrase.
    #[error(
        "the signing key {0} has a passphrase; give it in RECVERIFY_SIGN_PASSPHRASE or in a file with --sign-passphrase-file"
    )]
    Encrypted(PathBuf),
    /// It is encrypted with another passphrase.
    #[error("the passphrase does not open the signing key {0}")]
    Passphrase(PathBuf),
    /// What is to be signed cannot be read.
    #[error(transparent)]
    Content(#[from] io::Error),
    /// The signature could not be made.
    #[error("the signature could not be made: {0}")]
    Crypto(#[from] ssh_key::Error),
}

impl Signer {
    /// Reads a private key as `ssh-keygen` writes it; `passphrase` opens one that is encrypted.
    pub fn open(path: &Path, passphrase: Option<&SecretString>) -> Result<Self, SignerError> {
        let unreadable = |source| SignerError::Unreadable { path: path.to_owned(), source };
        let text = SecretString::from(std::fs::read_to_string(path).map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData => SignerError::NoKey(path.to_owned()),
            _ => unreadable(error),
        })?);
        let no_key = || SignerError::NoKey(path.to_owned());
        let key = PrivateKey::from_openssh(text.expose_secret()).map_err(|_| no_key())?;
        let key = match passphrase {
            _ if !key.is_encrypted() => key,
            None => return Err(SignerError::Encrypted(path.to_owned())),
            Some(passphrase) => {
                key.decrypt(passphrase.expose_secret()).map_err(|_| SignerError::Passphrase(path.to_owned()))?
            }
        };
        if key.algorithm() == Algorithm::Ed25519 { Ok(Self { key }) } else { Err(no_key()) }
    }

    /// The fingerprint of its public key, as `ssh-keygen -l` shows it: `SHA256:…`.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.key.fingerprint(HashAlg::Sha256).to_string()
    }

    /// Signs what a reader gives: the contents of a `FILE.sig`.
    pub fn sign(&self, mut content: impl Read) -> Result<String, SignerError> {
        let mut digest = Sha512::new();
        let mut buffer = vec![0; 64 << 10];
        loop {
            match content.read(&mut buffer)? {
                0 => break,
                read => digest.update(&buffer[..read]),
            }
        }
        Ok(self.key.sign_digest(NAMESPACE, digest)?.to_pem(LineEnding::LF)?)
    }

    /// The contents of a `FILE.allowed_signers` (ssh-keygen(1), "ALLOWED SIGNERS"): this key, for what is ours alone.
    pub fn allowed_signers(&self) -> Result<String, SignerError> {
        let key = ssh_key::PublicKey::from(self.key.public_key().key_data().clone()).to_openssh()?;
        Ok(format!("{PRINCIPAL} namespaces=\"{NAMESPACE}\" {key}\n"))
    }
}

/// The name of what belongs to a file and stands beside it: `FILE.suffix`, whatever extension it has.
#[must_use]
pub fn sidecar(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    fn keygen(dir: &Path, words: &[&str]) -> bool {
        let output = Command::new("ssh-keygen").args(words).current_dir(dir).output();
        output.expect("ssh-keygen is there").status.success()
    }

    fn verifies(dir: &Path, content: &str) -> bool {
        std::fs::write(dir.join("content"), content).expect("written");
        let command = "ssh-keygen -Y verify -f allowed -I recverify -n recverify-report -s sig < content";
        Command::new("sh").args(["-c", command]).current_dir(dir).output().expect("a shell").status.success()
    }

    #[test]
    fn openssh_accepts_the_signature_and_no_other_content() {
        let dir = tempfile::tempdir().expect("a directory");
        assert!(keygen(dir.path(), &["-q", "-t", "ed25519", "-N", "", "-C", "a comment", "-f", "key"]));
        let signer = Signer::open(&dir.path().join("key"), None).expect("a key");
        std::fs::write(dir.path().join("sig"), signer.sign(&b"content"[..]).expect("signed")).expect("written");
        std::fs::write(dir.path().join("allowed"), signer.allowed_signers().expect("a line")).expect("written");
        assert!(verifies(dir.path(), "content"));
        assert!(!verifies(dir.path(), "Content"));
    }

    #[test]
    fn a_passphrase_opens_its_key_and_its_lack_is_told() {
        let dir = tempfile::tempdir().expect("a directory");
        assert!(keygen(dir.path(), &["-q", "-t", "ed25519", "-N", "open sesame", "-f", "key"]));
        let path = dir.path().join("key");
        let open = |passphrase: Option<&str>| Signer::open(&path, passphrase.map(SecretString::from).as_ref());
        assert!(open(Some("open sesame")).is_ok());
        assert!(matches!(open(None), Err(SignerError::Encrypted(_))));
        assert!(matches!(open(Some("open")), Err(SignerError::Passphrase(_))));
    }

    #[test]
    fn what_is_no_ed25519_key_is_refused() {
        let dir = tempfile::tempdir().expect("a directory");
        for kind in ["ecdsa", "rsa"] {
            assert!(keygen(dir.path(), &["-q", "-t", kind, "-N", "", "-f", kind]));
        }
        std::fs::write(dir.path().join("text"), "no key").expect("written");
        std::fs::write(dir.path().join("bytes"), b"\xff").expect("written");
        for name in ["ecdsa", "rsa", "ecdsa.pub", "text", "bytes"] {
            let opened = Signer::open(&dir.path().join(name), None);
            assert!(matches!(opened, Err(SignerError::NoKey(_))), "{name}: {opened:?}");
        }
        assert!(matches!(Signer::open(&dir.path().join("none"), None), Err(SignerError::Unreadable { .. })));
    }
}
