//! Passes the target triple on to `--version`.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // Cargo always sets TARGET for a build script; elsewhere the version says so.
    let target = std::env::var("TARGET").unwrap_or_else(|_| "unknown target".to_owned());
    println!("cargo:rustc-env=RECVERIFY_TARGET={target}");
}
