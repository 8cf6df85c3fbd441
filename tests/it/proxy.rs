//! Proxies named by the environment: both services alike, NO_PROXY, and never for what stays on this machine.

use std::net::TcpListener;

use recverify_sandbox::{Proxy, Recording, Sandbox, Service};

use crate::check::{Checked, checked};
use crate::harness::{Call, verify};

fn one_good() -> Sandbox {
    let cloud = Sandbox::start();
    cloud.upload(&Recording::new("good"));
    cloud
}

/// A proxy that knows the way to both services under addresses that lead nowhere without it.
fn proxy(cloud: &Sandbox) -> Proxy {
    Proxy::start(&[
        ("workspace.invalid", cloud.address(Service::Workspace)),
        ("192.0.2.1", cloud.address(Service::Store)),
    ])
}

fn away(cloud: &Sandbox) -> Call {
    let words = "good --allow-http --read-retries 1 --api-tries 2 --addressing path --connect-timeout 300ms";
    let call = verify(cloud, words).env("RECVERIFY_WORKSPACE_ENDPOINT", "http://workspace.invalid");
    call.env("RECVERIFY_OBS_ENDPOINT", "http://192.0.2.1")
}

/// A port of loopback where nobody listens.
fn nobody() -> String {
    TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("bound").to_string()
}

fn code(run: &Checked) -> &str {
    run.record("good")["reason"]["code"].as_str().expect("a code")
}

#[test]
fn both_services_are_asked_through_it() {
    let cloud = one_good();
    for variable in ["HTTP_PROXY", "http_proxy", "ALL_PROXY"] {
        let proxy = proxy(&cloud);
        let run = checked(away(&cloud).env(variable, &proxy.url()));
        run.is_intact("good");
        let asked = proxy.asked();
        assert!(asked.contains(&"GET workspace.invalid".to_owned()), "{asked:?}");
        assert!(asked.contains(&"GET 192.0.2.1".to_owned()), "{asked:?}");
    }
}

#[test]
fn what_is_on_this_machine_is_asked_past_it_whatever_the_other_service_is() {
    let cloud = one_good();
    let proxy = proxy(&cloud);
    let at_home = cloud.workspace_endpoint();
    let call = away(&cloud).env("RECVERIFY_WORKSPACE_ENDPOINT", &at_home).env("HTTP_PROXY", &proxy.url());
    checked(call).is_intact("good");
    let asked = proxy.asked();
    assert!(!asked.is_empty() && asked.iter().all(|asked| asked == "GET 192.0.2.1"), "{asked:?}");

    let call = away(&cloud).env("RECVERIFY_OBS_ENDPOINT", &cloud.obs_endpoint()).env("HTTP_PROXY", &proxy.url());
    checked(call).is_intact("good");
    let later = proxy.asked().split_off(asked.len());
    assert!(!later.is_empty() && later.iter().all(|asked| asked == "GET workspace.invalid"), "{later:?}");
}

#[test]
fn hosts_that_are_spared_are_asked_past_it() {
    let cloud = one_good();
    for spared in ["workspace.invalid", ".invalid", "*"] {
        let proxy = proxy(&cloud);
        let run = checked(away(&cloud).env("HTTP_PROXY", &proxy.url()).env("NO_PROXY", spared));
        assert_eq!((code(&run), proxy.asked()), ("connection", Vec::new()), "the name does not resolve");
    }
}

#[test]
fn a_proxy_that_is_down_is_named() {
    let cloud = one_good();
    let down = nobody();
    let through =
        |host: &str| format!("no connection to {host} through the proxy {down}: Connection refused (os error 111)");
    let url = format!("http://ada:MUST-NOT-APPEAR@{down}");
    let run = checked(away(&cloud).env("HTTP_PROXY", &url));
    run.says("good", "unverified", "connection", &through("workspace.invalid"));

    let call = away(&cloud).env("RECVERIFY_WORKSPACE_ENDPOINT", "https://workspace.invalid");
    let run = checked(call.env("HTTPS_PROXY", &url));
    run.says("good", "unverified", "connection", &through("workspace.invalid"));

    let call = away(&cloud).env("RECVERIFY_WORKSPACE_ENDPOINT", &cloud.workspace_endpoint());
    let run = checked(call.env("HTTP_PROXY", &url));
    run.says("good", "unverified", "connection", &through("192.0.2.1"));
    assert_eq!(run.code, 3);
}

#[test]
fn a_proxy_that_refuses_the_way_is_named() {
    let cloud = one_good();
    let proxy = Proxy::start(&[]);
    let call = away(&cloud).env("RECVERIFY_WORKSPACE_ENDPOINT", "https://workspace.invalid");
    let run = checked(call.env("HTTPS_PROXY", &proxy.url()));
    let message = format!(
        "no connection to workspace.invalid through the proxy {}: tunnel error: unsuccessful",
        proxy.url().trim_start_matches("http://")
    );
    run.says("good", "unverified", "connection", &message);
    assert_eq!(proxy.asked(), ["CONNECT workspace.invalid"; 2]);
}

#[test]
fn a_proxy_whose_name_does_not_resolve_is_named_and_not_the_service() {
    let cloud = one_good();
    let run = checked(away(&cloud).env("HTTP_PROXY", "http://proxy.invalid:3128"));
    assert_eq!(code(&run), "connection");
    let message = run.record("good")["reason"]["message"].as_str().expect("words");
    // What the resolver says further depends on the machine.
    let named =
        "no connection to workspace.invalid through the proxy proxy.invalid:3128: proxy.invalid does not resolve: ";
    assert!(message.starts_with(named), "{message}");
}
