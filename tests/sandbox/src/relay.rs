//! A relay that passes on bytes between a client and a service and breaks chosen answers at chosen bytes, headers counted.

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::background::Background;
use crate::sandbox::listen;

/// How an answer is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The connection is closed.
    Close,
    /// The connection is reset.
    Reset,
    /// The lowest bit of the next byte is flipped.
    FlipBit,
    /// The rest is held back until [`Relay::release`].
    Hold,
    /// The connection stays open until [`Relay::release`]; then it is closed.
    HoldThenClose,
}

struct Order {
    needle: String,
    at: u64,
    trouble: Trouble,
}

#[derive(Default)]
struct Orders {
    waiting: Mutex<Vec<Order>>,
    struck: watch::Sender<u32>,
    released: watch::Sender<bool>,
}

impl Orders {
    /// The first order for this request, taken off the list.
    fn take(&self, request: &[u8]) -> Option<Order> {
        let request = String::from_utf8_lossy(request);
        let mut waiting = self.waiting.lock().expect("no panic while choosing an order");
        let at = waiting.iter().position(|order| request.contains(&order.needle))?;
        Some(waiting.remove(at))
    }
}

/// A relay before a service that speaks HTTP/1.1 without TLS; it stops when this is dropped.
pub struct Relay {
    address: SocketAddr,
    orders: Arc<Orders>,
    _background: Background,
}

impl Relay {
    /// Stands before the service at `target`.
    pub fn start(target: SocketAddr) -> Self {
        let orders = Arc::new(Orders::default());
        let shared = Arc::clone(&orders);
        let (listener, address) = listen();
        let background = Background::run("relay", move || {
            tokio::spawn(accept(listener, target, shared));
        });
        Self { address, orders, _background: background }
    }

    /// Where it listens, as an endpoint: `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Breaks the next answer to a request whose head holds `needle`, after `at` bytes of it.
    pub fn disturb(&self, needle: &str, at: u64, trouble: Trouble) {
        let order = Order { needle: needle.to_owned(), at, trouble };
        self.orders.waiting.lock().expect("no panic while adding an order").push(order);
    }

    /// How many answers were broken so far.
    pub fn struck(&self) -> u32 {
        *self.orders.struck.borrow()
    }

    /// Waits until so many answers were broken.
    ///
    /// # Panics
    /// After a minute.
    pub fn wait_for(&self, count: u32) {
        let mut struck = self.orders.struck.subscribe();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        runtime.expect("the system gives a runtime what it needs").block_on(async {
            let enough = struck.wait_for(|struck| *struck >= count);
            let waited = tokio::time::timeout(Duration::from_mins(1), enough).await;
            waited.expect("an answer is broken within a minute").expect("the relay outlives the wait");
        });
    }

    /// Lets every answer that is held go on, and holds none from now on.
    pub fn release(&self) {
        self.orders.released.send_replace(true);
    }
}

async fn accept(listener: TcpListener, target: SocketAddr, orders: Arc<Orders>) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("the listener is non-blocking");
    loop {
        let Ok((client, _)) = listener.accept().await else { continue };
        let orders = Arc::clone(&orders);
        tokio::spawn(async move { relay(client, target, &orders).await });
    }
}

/// One connection. A client sends its next request when it has the whole answer to the last, so what comes from the
/// service after a request is the answer to it. Ends when either side does.
async fn relay(mut client: TcpStream, target: SocketAddr, orders: &Orders) -> Option<()> {
    let mut service = TcpStream::connect(target).await.ok()?;
    let (mut asked, mut told) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut order: Option<Order> = None;
    let mut passed = 0;
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let request = &asked[..read.ok().filter(|read| *read > 0)?];
                if let Some(next) = orders.take(request) {
                    (order, passed) = (Some(next), 0);
                }
                service.write_all(request).await.ok()?;
            }
            read = service.read(&mut told) => {
                let length = read.ok().filter(|read| *read > 0)?;
                let mut from = 0;
                if let Some(Order { at, trouble, .. }) = order.take_if(|order| order.at < passed + length as u64) {
                    from = usize::try_from(at - passed).expect("within what was read");
                    client.write_all(&told[..from]).await.ok()?;
                    orders.struck.send_modify(|struck| *struck += 1);
                    match trouble {
                        Trouble::Close => return client.shutdown().await.ok(),
                        Trouble::Reset => return client.set_zero_linger().ok(),
                        Trouble::FlipBit => told[from] ^= 1,
                        Trouble::Hold | Trouble::HoldThenClose => {
                            orders.released.subscribe().wait_for(|released| *released).await.ok()?;
                            if trouble == Trouble::HoldThenClose {
                                return client.shutdown().await.ok();
                            }
                        }
                    }
                }
                client.write_all(&told[from..length]).await.ok()?;
                passed += length as u64;
            }
        }
    }
}
