//! What flags, variables and files come to.

use super::*;

fn resolve(pairs: &[(&str, &str)], connection: &Connection) -> Result<Settings, SettingsError> {
    let variables = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    all(connection, &Reading::default(), &Speed::default(), &variables)
}

const GOOD: [(&str, &str); 4] = [
    ("HUAWEICLOUD_SDK_AK", "id"),
    ("HUAWEICLOUD_SDK_SK", "secret"),
    ("HUAWEICLOUD_SDK_PROJECT_ID", "p1"),
    ("HUAWEICLOUD_REGION", "eu-west-101"),
];

fn without(name: &str) -> Vec<(&'static str, &'static str)> {
    GOOD.into_iter().filter(|(found, _)| *found != name).collect()
}

#[test]
fn a_region_gives_both_endpoints_and_virtual_addressing() {
    let settings = resolve(&GOOD, &Connection::default()).expect("complete");
    assert_eq!(settings.api.workspace.endpoint.to_string(), "https://workspace.eu-west-101.myhuaweicloud.com");
    assert_eq!(settings.store.endpoint.to_string(), "https://obs.eu-west-101.myhuaweicloud.com");
    assert_eq!(settings.store.addressing, Addressing::Virtual);
    assert_eq!(settings.store.region, "eu-west-101");
}

#[test]
fn what_is_missing_is_named_with_its_remedy() {
    let said = |pairs: &[(&str, &str)]| resolve(pairs, &Connection::default()).expect_err("incomplete").to_string();
    assert_eq!(said(&without("HUAWEICLOUD_REGION")), "no region is set; use --region or HUAWEICLOUD_REGION");
    let at = Connection { workspace_endpoint: Some("https://w.example".to_owned()), ..Connection::default() };
    let placeless: Vec<_> = GOOD[..2].to_vec();
    let error = resolve(&placeless, &at).expect_err("no project").to_string();
    assert!(error.starts_with("no project is set, and no region by whose name IAM could find it; use --project-id"));
    let keyless: Vec<_> = GOOD[2..].to_vec();
    assert!(said(&keyless).starts_with("no keys are set; export HUAWEICLOUD_SDK_AK"));
}

#[test]
fn a_region_that_would_change_the_host_is_refused() {
    for region in ["evil.example/", "a b", "EU", "x.y", ""] {
        let connection = Connection { region: Some(region.to_owned()), ..Connection::default() };
        assert!(matches!(resolve(&GOOD, &connection), Err(SettingsError::Region(_))), "{region:?}");
    }
}

#[test]
fn plain_http_stays_on_this_machine_unless_allowed() {
    let at = |url: &str, allow_http| Connection {
        workspace_endpoint: Some(url.to_owned()),
        allow_http,
        ..Connection::default()
    };
    assert!(matches!(resolve(&GOOD, &at("http://10.0.0.1", false)), Err(SettingsError::PlainHttp(_))));
    assert!(resolve(&GOOD, &at("http://10.0.0.1", true)).is_ok());
    assert!(resolve(&GOOD, &at("http://127.0.0.1:1", false)).is_ok());
}

#[test]
fn a_project_of_another_family_is_not_taken() {
    let mut pairs = without("HUAWEICLOUD_SDK_PROJECT_ID");
    pairs.push(("HW_PROJECT_ID", "other"));
    let access = resolve(&pairs, &Connection::default()).expect("complete").api.access;
    assert_eq!(access.project, Err("eu-west-101".to_owned()));
}

#[test]
fn no_secret_is_part_of_what_debugging_shows() {
    let mut pairs = GOOD.to_vec();
    pairs.extend([("RECVERIFY_AUTH_TOKEN", "hidden-token"), ("HUAWEICLOUD_SDK_SECURITY_TOKEN", "hidden-security")]);
    pairs[1].1 = "hidden-secret";
    let shown = format!("{:?}", resolve(&pairs, &Connection::default()).expect("complete"));
    assert!(shown.contains("REDACTED") && !shown.contains("hidden"), "{shown}");
}

#[test]
fn a_token_authenticates_the_api_while_keys_sign_the_store() {
    let mut pairs = GOOD.to_vec();
    pairs.push(("RECVERIFY_AUTH_TOKEN", "token"));
    let settings = resolve(&pairs, &Connection::default()).expect("complete");
    let access = settings.api.access;
    assert!(access.token.is_some() && matches!(access.keys, Keys::Found(found) if found.key.id == "id"));
}

#[test]
fn iam_is_where_flag_variable_or_region_say_and_only_if_it_is_to_be_asked() {
    let iam = |pairs: &[(&str, &str)], flag: Option<&str>| {
        let connection = Connection { iam_endpoint: flag.map(str::to_owned), ..Connection::default() };
        resolve(pairs, &connection).expect("complete").api.access.iam.map(|iam| iam.to_string())
    };
    assert_eq!(iam(&GOOD, Some("https://iam.flag")), None);
    let mut pairs = without("HUAWEICLOUD_SDK_PROJECT_ID");
    assert_eq!(iam(&pairs, None).as_deref(), Some("https://iam.eu-west-101.myhuaweicloud.com"));
    pairs.push(("HUAWEICLOUD_SDK_IAM_ENDPOINT", "https://iam.variable"));
    assert_eq!(iam(&pairs, None).as_deref(), Some("https://iam.variable"));
    assert_eq!(iam(&pairs, Some("https://iam.flag")).as_deref(), Some("https://iam.flag"));
}
