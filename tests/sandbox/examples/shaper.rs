//! A slow line for benchmarks: a TCP proxy that gives each connection so many bytes a second, or answers so much later.
//!
//! `shaper UPSTREAM [--rate BYTES_PER_SECOND] [--latency-ms MILLISECONDS]` prints the address it listens on, on
//! loopback, and ends when its standard input does, so that it never outlives who started it.
//!
//! The rate is a connection's own, whatever is asked on it: a token bucket that a new request does not fill again. The
//! latency is a longer line, not a slower one: whatever comes from upstream goes on that much later, so requests in a
//! pipeline wait side by side. Threads instead of a runtime, because a thread sleeps to within 0.1 ms where tokio's
//! timer rounds up to whole milliseconds, which of 20 would be a share worth measuring; and without a dependency
//! `rustc` alone builds it in a second.

use std::error::Error;
use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// Bytes taken from upstream at a time; at 20 MB/s it goes on every 3 ms.
const CHUNK: usize = 64 << 10;

/// What a connection may save up while it is idle or this program is late: 13 ms at 20 MB/s.
const BUCKET: usize = 4 * CHUNK;

/// How many chunks may be under way on one connection: far more than 20 ms of any line that is measured.
const UNDER_WAY: usize = 256;

/// How the line is.
#[derive(Clone, Copy)]
struct Line {
    upstream: SocketAddr,
    latency: Duration,
    bytes_per_second: Option<f64>,
}

/// Bytes from upstream, and when they may go on.
type Chunk = (Instant, Vec<u8>);

fn main() -> Result<(), Box<dyn Error>> {
    let line = line(std::env::args().skip(1))?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    writeln!(io::stdout(), "{}", listener.local_addr()?)?;
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            // A connection that cannot be made upstream is one that closes at once.
            thread::spawn(move || join(line, &client));
        }
    });
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}

fn line(mut words: impl Iterator<Item = String>) -> Result<Line, Box<dyn Error>> {
    let upstream = words.next().ok_or("no upstream given")?.parse()?;
    let mut line = Line { upstream, latency: Duration::ZERO, bytes_per_second: None };
    while let Some(flag) = words.next() {
        let value = words.next().ok_or_else(|| format!("{flag} has no value"))?;
        match flag.as_str() {
            "--latency-ms" => line.latency = Duration::from_millis(value.parse()?),
            "--rate" => line.bytes_per_second = Some(value.parse()?),
            _ => return Err(format!("no such flag: {flag}").into()),
        }
    }
    Ok(line)
}

/// Carries one connection to its end.
fn join(line: Line, client: &TcpStream) -> io::Result<()> {
    let upstream = TcpStream::connect(line.upstream)?;
    upstream.set_nodelay(true)?;
    client.set_nodelay(true)?;
    let upstream = &upstream;
    let (put, take) = sync_channel(UNDER_WAY);
    thread::scope(|scope| {
        scope.spawn(move || {
            let _ = io::copy(&mut &*client, &mut &*upstream);
            let _ = upstream.shutdown(Shutdown::Write);
        });
        scope.spawn(move || receive(line.latency, upstream, &put));
        let _ = send(line.bytes_per_second, &take, client);
        // The receiving end goes first: a sender that waits for room in the channel wakes by it.
        drop(take);
        let _ = client.shutdown(Shutdown::Both);
        let _ = upstream.shutdown(Shutdown::Both);
    });
    Ok(())
}

/// Takes what comes from upstream until it ends or nobody wants it any more.
fn receive(latency: Duration, mut upstream: &TcpStream, put: &SyncSender<Chunk>) {
    let mut buffer = vec![0; CHUNK];
    while let Ok(length @ 1..) = upstream.read(&mut buffer) {
        if put.send((Instant::now() + latency, buffer[..length].to_vec())).is_err() {
            return;
        }
    }
}

/// Sends chunks on when they are due and the bucket has tokens for them.
fn send(bytes_per_second: Option<f64>, take: &Receiver<Chunk>, mut client: &TcpStream) -> io::Result<()> {
    let time_of = |bytes: usize, rate: f64| {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        Duration::from_secs_f64(f64::from(bytes) / rate)
    };
    let mut paid_until = Instant::now();
    while let Ok((mut due, bytes)) = take.recv() {
        if let Some(rate) = bytes_per_second {
            let full = Instant::now().checked_sub(time_of(BUCKET, rate)).unwrap_or(paid_until);
            paid_until = paid_until.max(full) + time_of(bytes.len(), rate);
            due = due.max(paid_until);
        }
        thread::sleep(due.saturating_duration_since(Instant::now()));
        client.write_all(&bytes)?;
    }
    Ok(())
}
