//! What stands before a service: a listener that speaks TLS, and a proxy. Both pass on bytes as they come.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;

use crate::authority::Certificate;
use crate::background::Background;
use crate::sandbox::listen;

/// The longest head of a request a proxy reads.
const LONGEST_HEAD: usize = 1 << 16;

/// A listener that speaks TLS before a service that does not; it stops when this is dropped.
pub struct TlsFront {
    address: SocketAddr,
    _background: Background,
}

impl TlsFront {
    /// Stands before the service at `target`.
    pub fn start(target: SocketAddr, certificate: Certificate) -> Self {
        let Certificate { chain, key } = certificate;
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider knows the default versions")
            .with_no_client_auth()
            .with_single_cert(vec![chain], key.into())
            .expect("key and certificate belong together");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let (listener, address) = listen();
        let background = serve("tls", listener, move |stream| {
            let acceptor = acceptor.clone();
            async move {
                let mut stream = acceptor.accept(stream).await.ok()?;
                let mut service = TcpStream::connect(target).await.ok()?;
                copy_bidirectional(&mut stream, &mut service).await.ok()
            }
        });
        Self { address, _background: background }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens, as an endpoint: `https://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        format!("https://{}", self.address)
    }
}

/// An HTTP proxy that knows the way to some hosts only; it stops when this is dropped.
pub struct Proxy {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    _background: Background,
}

impl Proxy {
    /// A proxy that passes what is meant for each host on to an address; for any other it answers 502.
    pub fn start(ways: &[(&str, SocketAddr)]) -> Self {
        let ways: BTreeMap<_, _> = ways.iter().map(|(host, address)| ((*host).to_owned(), *address)).collect();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (ways, noted) = (Arc::new(ways), Arc::clone(&asked));
        let (listener, address) = listen();
        let background = serve("proxy", listener, move |stream| {
            let (ways, noted) = (Arc::clone(&ways), Arc::clone(&noted));
            async move { pass_on(stream, &ways, &noted).await }
        });
        Self { address, asked, _background: background }
    }

    /// Its address, as clients are given it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Method and host of what each connection was opened for, in order: `CONNECT obs.example`.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no panic while noting a request").clone()
    }
}

/// Does the same for every connection, whatever it comes to: a client may leave at any time.
fn serve<T, F>(name: &str, listener: TcpListener, each: impl Fn(TcpStream) -> F + Send + 'static) -> Background
where
    F: Future<Output = Option<T>> + Send + 'static,
    T: Send + 'static,
{
    Background::run(name, move || {
        tokio::spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("the listener is non-blocking");
            loop {
                let Ok((stream, _)) = listener.accept().await else { continue };
                tokio::spawn(each(stream));
            }
        });
    })
}

async fn pass_on(
    mut stream: TcpStream,
    ways: &BTreeMap<String, SocketAddr>,
    noted: &Mutex<Vec<String>>,
) -> Option<(u64, u64)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head.len() < LONGEST_HEAD {
        head.push(stream.read_u8().await.ok()?);
    }
    let text = String::from_utf8_lossy(&head);
    let (method, rest) = text.split_once(' ')?;
    let authority = rest.trim_start_matches("http://").split(['/', ' ']).next()?;
    let host = authority.split(':').next()?;
    noted.lock().expect("no panic while noting a request").push(format!("{method} {host}"));
    let Some(way) = ways.get(host) else {
        stream.write_all(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n").await.ok()?;
        return None;
    };
    let mut service = TcpStream::connect(way).await.ok()?;
    if method == "CONNECT" {
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.ok()?;
    } else {
        service.write_all(&head).await.ok()?;
    }
    copy_bidirectional(&mut stream, &mut service).await.ok()
}
