//! A watchdog for the program to ping: hears every request whole, and answers what the test says.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// One request, as it came.
#[derive(Debug, Clone)]
pub struct Heard {
    /// `POST /check/start?rid=…`.
    pub line: String,
    /// All headers.
    pub head: String,
    pub body: String,
}

/// Listens on loopback for as long as the tests run.
pub struct Watchdog {
    url: String,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Watchdog {
    /// Answers every request with the status line and body `answer` gives for it.
    pub fn start(mut answer: impl FnMut(&Heard) -> (&'static str, &'static str) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let url = format!("http://{}/check", listener.local_addr().expect("bound"));
        let heard = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&heard);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("a connection");
                let request = hear(&stream);
                let (status, body) = answer(&request);
                shared.lock().expect("no panic before").push(request);
                let length = body.len();
                write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
                    .expect("the program listens");
            }
        });
        Self { url, heard }
    }

    /// One that is content with everything.
    pub fn content() -> Self {
        Self::start(|_| ("200 OK", "OK"))
    }

    /// What to give to `--ping-url`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Every request that was answered, in the order they came.
    pub fn heard(&self) -> Vec<Heard> {
        self.heard.lock().expect("no panic before").clone()
    }
}

fn hear(stream: &TcpStream) -> Heard {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).expect("a request") > 0, "a request ends early: {head}");
    }
    let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ").map(str::to_owned));
    let mut body = vec![0; length.map_or(0, |length| length.parse().expect("a length"))];
    reader.read_exact(&mut body).expect("a body");
    let line = head.lines().next().expect("a first line").trim_end_matches(" HTTP/1.1").to_owned();
    Heard { line, head, body: String::from_utf8(body).expect("UTF-8") }
}
