//! The cloud as a test holds it: starting, finding, watching and stopping it.

mod conduct;
mod content;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::sync::Arc;

use crate::background::Background;
use crate::cloud::Cloud;
use crate::iam::Iam;
use crate::journal::{Seen, Service};
use crate::keys::{ACCESS_KEY, PROJECT_ID, REGION, SECRET_KEY, SECURITY_TOKEN};
use crate::listener::serve;
use crate::metadata::Metadata;
use crate::store::Store;
use crate::workspace::Workspace;

/// A running cloud; it stops when this is dropped.
pub struct Sandbox {
    cloud: Arc<Cloud>,
    workspace: SocketAddr,
    store: SocketAddr,
    iam: SocketAddr,
    metadata: SocketAddr,
    _background: Background,
}

/// Starting and addresses.
impl Sandbox {
    /// Starts all services, each on a port of its own.
    pub fn start() -> Self {
        Self::start_at(Ipv4Addr::LOCALHOST.into())
    }

    /// The same on the loopback address of IPv6.
    pub fn start_on_ipv6() -> Self {
        Self::start_at(Ipv6Addr::LOCALHOST.into())
    }

    fn start_at(address: IpAddr) -> Self {
        let (workspace, workspace_address) = listen_at(address);
        let (store, store_address) = listen_at(address);
        let (iam, iam_address) = listen_at(address);
        let (metadata, metadata_address) = listen_at(address);
        let cloud = Arc::new(Cloud::new());
        let shared = Arc::clone(&cloud);
        let background = Background::run("sandbox", move || {
            tokio::spawn(serve(workspace, Arc::clone(&shared), Workspace::new(Arc::clone(&shared))));
            tokio::spawn(serve(store, Arc::clone(&shared), Store::new(&shared, store_address)));
            tokio::spawn(serve(iam, Arc::clone(&shared), Iam::new(Arc::clone(&shared))));
            tokio::spawn(serve(metadata, Arc::clone(&shared), Metadata::new(Arc::clone(&shared))));
        });
        Self {
            cloud,
            workspace: workspace_address,
            store: store_address,
            iam: iam_address,
            metadata: metadata_address,
            _background: background,
        }
    }

    /// Where a service listens, for what is to stand before it.
    pub fn address(&self, service: Service) -> SocketAddr {
        match service {
            Service::Workspace => self.workspace,
            Service::Store => self.store,
            Service::Iam => self.iam,
            Service::Metadata => self.metadata,
        }
    }

    /// Where the Workspace API listens: `http://127.0.0.1:PORT`.
    pub fn workspace_endpoint(&self) -> String {
        format!("http://{}", self.workspace)
    }

    /// Where the store listens: `http://127.0.0.1:PORT`.
    pub fn obs_endpoint(&self) -> String {
        format!("http://{}", self.store)
    }

    /// Where IAM listens: `http://127.0.0.1:PORT`.
    pub fn iam_endpoint(&self) -> String {
        format!("http://{}", self.iam)
    }

    /// Where the metadata service listens: `http://127.0.0.1:PORT`.
    pub fn metadata_endpoint(&self) -> String {
        format!("http://{}", self.metadata)
    }

    /// The store by a name that has buckets before it: `http://localhost:PORT`, `http://BUCKET.localhost:PORT`.
    ///
    /// Not every resolver knows names under `localhost`. The store also takes requests in absolute form, so a
    /// client that uses [`Sandbox::obs_endpoint`] as its HTTP proxy need not resolve them.
    pub fn obs_named_endpoint(&self) -> String {
        format!("http://localhost:{}", self.store.port())
    }

    /// What a user of this cloud would export.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let mut environment = vec![
            ("HUAWEICLOUD_SDK_AK", ACCESS_KEY.to_owned()),
            ("HUAWEICLOUD_SDK_SK", SECRET_KEY.to_owned()),
            ("HUAWEICLOUD_REGION", REGION.to_owned()),
            ("HUAWEICLOUD_SDK_PROJECT_ID", PROJECT_ID.to_owned()),
            ("RECVERIFY_WORKSPACE_ENDPOINT", self.workspace_endpoint()),
            ("RECVERIFY_OBS_ENDPOINT", self.obs_endpoint()),
        ];
        if self.cloud.credentials.temporary() {
            environment.push(("HUAWEICLOUD_SDK_SECURITY_TOKEN", SECURITY_TOKEN.to_owned()));
        }
        environment
    }
}

/// Watching.
impl Sandbox {
    /// Every request that arrived so far, at all services, in the order of arrival.
    pub fn requests(&self) -> Vec<Seen> {
        self.cloud.journal.all()
    }

    /// Waits until the requests so far satisfy a condition. It is asked whenever one arrives or is answered.
    ///
    /// # Panics
    /// After a minute.
    pub fn wait_for(&self, satisfied: impl Fn(&[Seen]) -> bool) {
        self.cloud.journal.wait_for(satisfied);
    }
}

/// A free port of loopback.
pub(crate) fn listen() -> (TcpListener, SocketAddr) {
    listen_at(Ipv4Addr::LOCALHOST.into())
}

fn listen_at(address: IpAddr) -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((address, 0)).expect("loopback has a free port");
    listener.set_nonblocking(true).expect("a listener can be non-blocking");
    let address = listener.local_addr().expect("a bound listener has an address");
    (listener, address)
}
