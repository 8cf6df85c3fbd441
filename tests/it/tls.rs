//! TLS through the real program: whom it trusts, what it says of a certificate that will not do, and never a finding.

use recverify_sandbox::{Authority, Certificate, Proxy, Recording, Sandbox, Service, TlsFront};
use tempfile::TempDir;

use crate::check::{Checked, checked};
use crate::harness::{Call, verify};

const HERE: &[&str] = &["127.0.0.1"];

/// What the authority that is trusted calls itself.
const NAME: &str = "sandbox authority";

/// A good recording in a cloud of which either service, or both, can be put behind TLS.
struct Secured {
    cloud: Sandbox,
    authority: Authority,
    dir: TempDir,
}

impl Secured {
    fn start() -> Self {
        let cloud = Sandbox::start();
        cloud.upload(&Recording::new("good"));
        let (authority, dir) = (Authority::new(NAME), TempDir::new().expect("a directory"));
        std::fs::write(dir.path().join("ca.pem"), authority.pem()).expect("written");
        Self { cloud, authority, dir }
    }

    fn front(&self, service: Service, certificate: Certificate) -> TlsFront {
        TlsFront::start(self.cloud.address(service), certificate)
    }

    /// A verification that trusts the authority.
    fn call(&self) -> Call {
        let call = verify(&self.cloud, "good --read-retries 1 --api-tries 2 --ca-bundle").in_dir(self.dir.path());
        call.arg(self.dir.path().join("ca.pem"))
    }

    /// Runs with one service behind a certificate, and says what came of it.
    fn run(&self, service: Service, certificate: Certificate) -> Checked {
        let front = self.front(service, certificate);
        checked(at(self.call(), service, &front.endpoint()))
    }

    fn requests(&self, service: Service) -> usize {
        self.cloud.requests().iter().filter(|seen| seen.service == service).count()
    }
}

fn at(call: Call, service: Service, endpoint: &str) -> Call {
    match service {
        Service::Workspace => call.env("RECVERIFY_WORKSPACE_ENDPOINT", endpoint),
        Service::Iam => call.env("HUAWEICLOUD_SDK_IAM_ENDPOINT", endpoint),
        Service::Metadata => call.env("RECVERIFY_METADATA_ENDPOINT", endpoint),
        Service::Store => call.env("RECVERIFY_OBS_ENDPOINT", endpoint),
    }
}

#[track_caller]
fn is_tls(run: &Checked, message: &str) {
    run.says("good", "unverified", "tls", message);
    assert_eq!(run.code, 3);
}

const BOTH: [Service; 2] = [Service::Workspace, Service::Store];

#[test]
fn an_authority_given_is_trusted_for_both_services() {
    let secured = Secured::start();
    let [api, store] = BOTH.map(|service| secured.front(service, secured.authority.certificate(HERE)));
    let at_both = |call| at(at(call, BOTH[0], &api.endpoint()), BOTH[1], &store.endpoint());
    let run = checked(at_both(secured.call()));
    run.is_intact("good");
    assert_eq!((run.code, secured.requests(Service::Workspace), secured.requests(Service::Store)), (0, 1, 2));

    let ca = secured.dir.path().join("ca.pem").display().to_string();
    let run = checked(at_both(verify(&secured.cloud, "good")).env("SSL_CERT_FILE", &ca));
    run.is_intact("good");
}

#[test]
fn a_certificate_of_an_unknown_authority_is_refused() {
    for service in BOTH {
        let secured = Secured::start();
        let run = secured.run(service, Authority::new("stranger").certificate(HERE));
        let message = "TLS with 127.0.0.1 failed: its certificate was issued by nobody trusted here; \
                       if that is right, trust its CA with --ca-bundle";
        is_tls(&run, message);
        let run = secured.run(service, Authority::new(NAME).certificate(HERE));
        let message = "TLS with 127.0.0.1 failed: its certificate is not signed by the CA that is trusted under that \
                       name; if that CA was renewed, trust the new one with --ca-bundle";
        is_tls(&run, message);
        assert_eq!(secured.requests(service), 0, "no key is shown to a stranger");
    }
}

#[test]
fn iam_is_trusted_as_the_services_are_and_shown_nothing_where_it_is_not() {
    let secured = Secured::start();
    let at_iam = |call: Call, front: &TlsFront| at(call, Service::Iam, &front.endpoint());
    let searching = || secured.call().unset("HUAWEICLOUD_SDK_PROJECT_ID");
    let stranger = secured.front(Service::Iam, Authority::new("stranger").certificate(HERE));
    let run = checked(at_iam(searching(), &stranger));
    let message = "the project of region eu-west-101 could not be found: IAM could not be asked: TLS with 127.0.0.1 failed: \
                   its certificate was issued by nobody trusted here; if that is right, trust its CA with --ca-bundle";
    is_tls(&run, message);
    assert!(secured.cloud.requests().is_empty(), "no key is shown to a stranger");
    let front = secured.front(Service::Iam, secured.authority.certificate(HERE));
    checked(at_iam(searching(), &front)).is_intact("good");
    assert_eq!(secured.requests(Service::Iam), 1);
}

#[test]
fn a_certificate_out_of_its_time_is_refused_with_the_date() {
    for service in BOTH {
        let secured = Secured::start();
        let run = secured.run(service, secured.authority.expired(HERE));
        let message = "TLS with 127.0.0.1 failed: its certificate expired on 2024-01-01T00:00:00Z; \
                       have it renewed, or set the clock right";
        is_tls(&run, message);
        let run = secured.run(service, secured.authority.not_yet_valid(HERE));
        let message = "TLS with 127.0.0.1 failed: its certificate is not valid before 3000-01-01T00:00:00Z; \
                       check the clock";
        is_tls(&run, message);
        assert_eq!(secured.requests(service), 0);
    }
}

#[test]
fn a_certificate_for_another_name_is_refused_with_the_names_it_has() {
    for service in BOTH {
        let secured = Secured::start();
        let run = secured.run(service, secured.authority.certificate(&["obs.example", "192.0.2.1"]));
        let message = "TLS with 127.0.0.1 failed: its certificate is for obs.example, 192.0.2.1 only; \
                       check the endpoint";
        is_tls(&run, message);
        assert_eq!(secured.requests(service), 0);
    }
}

#[test]
fn the_wrong_protocol_on_either_side_is_told_as_that() {
    for service in BOTH {
        let secured = Secured::start();
        let plain = format!("https://{}", secured.cloud.address(service));
        let run = checked(at(secured.call(), service, &plain));
        let message = "TLS with 127.0.0.1 failed: something else than TLS is spoken there; \
                       check scheme and port of the endpoint";
        is_tls(&run, message);

        let front = secured.front(service, secured.authority.certificate(HERE));
        let run = checked(at(secured.call(), service, &format!("http://{}", front.address())));
        let message =
            "127.0.0.1 does not answer in plain http; if TLS is spoken there, its address begins with https://";
        is_tls(&run, message);
        assert_eq!(secured.requests(service), 0);
    }
}

#[test]
fn both_services_are_reached_over_tls_through_a_proxy() {
    let secured = Secured::start();
    // Neither is this machine: only the proxy knows the way to them.
    let api = secured.front(Service::Workspace, secured.authority.certificate(&["workspace.invalid"]));
    let store = secured.front(Service::Store, secured.authority.certificate(&["192.0.2.1"]));
    let proxy = Proxy::start(&[("workspace.invalid", api.address()), ("192.0.2.1", store.address())]);
    let call = at(secured.call(), Service::Workspace, "https://workspace.invalid");
    let call = at(call, Service::Store, "https://192.0.2.1").env("HTTPS_PROXY", &proxy.url());
    let run = checked(call.arg("--addressing").arg("path"));
    run.is_intact("good");
    let mut asked = proxy.asked();
    asked.dedup();
    assert_eq!(asked, ["CONNECT workspace.invalid", "CONNECT 192.0.2.1"]);
}

#[test]
fn a_proxy_that_looks_into_what_passes_is_named() {
    let secured = Secured::start();
    let front = secured.front(Service::Workspace, Authority::new("company").certificate(&["workspace.invalid"]));
    let proxy = Proxy::start(&[("workspace.invalid", front.address())]);
    let call = at(secured.call(), Service::Workspace, "https://workspace.invalid").env("HTTPS_PROXY", &proxy.url());
    let run = checked(call);
    let message = format!(
        "TLS with workspace.invalid through the proxy {} failed: its certificate was issued by nobody trusted here; \
         if that is right, trust its CA with --ca-bundle",
        proxy.url().trim_start_matches("http://")
    );
    is_tls(&run, &message);
    assert_eq!(secured.requests(Service::Workspace), 0);
}
