//! The whole of a store's answers, byte for byte: what is sent over the wire to the real client, through the HTTP and XML
//! parsers it is built from.
//!
//! The input is one answer after another, a line of `~~` between them; the last one is sent to every further request.
#![no_main]

use std::net::SocketAddr;
use std::sync::LazyLock;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use recverify::clock::{Backoff, Clock};
use recverify::credentials::{Access, AccessKey, AccessSettings, FoundKey, Keys, METADATA_SERVICE, Network};
use recverify::fixity::Sha256Digest;
use recverify::http::{HttpClient, Transport};
use recverify::redact::Redactor;
use recverify::store::{Absence, Addressing, Hashing, Lookups, Parts, Pass, Place, ReadError, Store, StoreSettings};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

struct World {
    runtime: Runtime,
    listener: TcpListener,
    address: SocketAddr,
    http: HttpClient,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
    let address = listener.local_addr().expect("an address");
    let second = Duration::from_secs(1);
    let transport = Transport { ca_bundle: None, connect_timeout: second, stall_timeout: second };
    World { runtime, listener, address, http: HttpClient::new(&transport).expect("a client") }
});

fuzz_target!(|bytes: &[u8]| {
    let World { runtime, listener, address, http } = &*WORLD;
    let answers: Vec<&[u8]> = split(bytes);
    let backoff = Backoff::new(Duration::from_micros(1), Some(1));
    let settings = StoreSettings {
        endpoint: format!("http://{address}").parse().expect("an endpoint"),
        region: "r".to_owned(),
        addressing: Addressing::Path,
        read_retries: 2,
        parts: Parts { number: std::num::NonZeroUsize::new(1), size: None },
        hashing: Hashing::Inline,
        memory: 64 << 20,
    };
    let store = Store::new(settings, &access(http, &backoff), http, Clock::system(), backoff);
    let place = Place { bucket: "bucket".to_owned(), key: "key".to_owned() };
    runtime.block_on(async {
        tokio::select! {
            () = serve(listener, &answers) => {}
            // A store may ask to be left alone for up to a minute; nobody waits for that here.
            _ = tokio::time::timeout(Duration::from_millis(500), ask(&store, &place, bytes)) => {}
        }
    });
});

/// A key pair as it would be found; nobody is asked for another one.
fn access(http: &HttpClient, backoff: &Backoff) -> Access {
    let key = AccessKey { id: "id".to_owned(), secret: "secret-of-the-run".into(), security_token: None };
    let found = FoundKey { key, project_id: None, iam_endpoint: None, source: "here".to_owned() };
    let settings = AccessSettings {
        token: None,
        keys: Keys::Found(found),
        of_store: None,
        project: Ok("project".to_owned()),
        iam: None,
        metadata: METADATA_SERVICE.parse().expect("an endpoint"),
        tries: 1,
    };
    let (clock, redactor) = (Clock::system(), Redactor::default());
    Access::new(settings, &Network { http: http.clone(), clock, backoff: backoff.clone(), redactor })
}

async fn ask(store: &Store, place: &Place, bytes: &[u8]) {
    let noted = Lookups::default();
    let reading = store.read(place, Pass::First, None, &|_| {}, &CancellationToken::new()).await;
    match &reading.result {
        Ok(observed) => {
            let pin = reading.pin.as_ref().expect("what was read had a head");
            assert_eq!(observed.bytes, reading.position);
            assert!(pin.bytes.is_none_or(|all| all == observed.bytes), "not all of it was read");
            if reading.attempts.len() == 1 && pin.packed.is_none() && !contains(bytes, b"chunked") {
                let length = usize::try_from(observed.bytes).expect("it came from memory");
                let from_a_line = |at: usize| at == 0 || bytes[at - 1] == b'\n';
                let mut bodies = (0..=bytes.len().saturating_sub(length)).filter(|at| from_a_line(*at));
                let is_it = |at: usize| Sha256Digest::of(&bytes[at..at + length]) == observed.sha256;
                assert!(bodies.any(is_it), "the digest is of bytes that never came");
            }
        }
        Err(ReadError::Store(error)) if error.says_absent() => {
            assert!(contains(bytes, b"404"), "only a 404 says absent: {error}");
            if let Absence::Proven(how) = store.prove_absence(place, &noted).await {
                assert!(contains(bytes, b"</ListBucketResult>"), "{how}");
            }
        }
        Err(error) => assert!(!error.to_string().contains("secret-of-the-run")),
    }
    if let Ok(found) = store.look_up(place, &noted).await {
        assert!(found.etag.as_deref().is_none_or(|etag| !etag.is_empty()));
    }
}

/// Answers each connection with the next answer and closes it.
async fn serve(listener: &TcpListener, answers: &[&[u8]]) {
    let mut next = 0;
    loop {
        let Ok((mut stream, _)) = listener.accept().await else { return };
        if read_head(&mut stream).await {
            let _ = stream.write_all(answers[next.min(answers.len() - 1)]).await;
            next += 1;
        }
        let _ = stream.shutdown().await;
    }
}

async fn read_head(stream: &mut TcpStream) -> bool {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut piece = [0; 4096];
        match stream.read(&mut piece).await {
            Ok(read) if read > 0 => head.extend_from_slice(&piece[..read]),
            _ => return false,
        }
    }
    true
}

fn split(bytes: &[u8]) -> Vec<&[u8]> {
    const BETWEEN: &[u8] = b"\n~~\n";
    let mut answers = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(BETWEEN.len()).position(|window| window == BETWEEN) {
        answers.push(&rest[..at]);
        rest = &rest[at + BETWEEN.len()..];
    }
    answers.push(rest);
    answers
}

fn contains(bytes: &[u8], words: &[u8]) -> bool {
    bytes.windows(words.len()).any(|window| window.eq_ignore_ascii_case(words))
}
