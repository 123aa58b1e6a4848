//! The static binary in a root directory that holds nothing but it and a package: no libc, no `/etc`, no `/tmp`, no
//! home, no shell, and no environment variable that is not named here.

use serde_json::json;

use crate::support::{
    Answer, Asked, Authority, Home, Root, Sandbox, Scripted, packument, run, static_binary,
};

const MANIFEST: &str = r#"{"name":"@acme/tool","version":"1.0.0"}"#;

/// A root with the static binary and the package `/package`.
fn root() -> Option<Root> {
    let root = Root::with_consign()?;
    root.file("/package/package.json", MANIFEST);
    root.file("/package/index.js", "module.exports = 1\n");
    Some(root)
}

fn good(asked: &Asked, before: &[Asked]) -> Answer {
    match asked.method.as_str() {
        "PUT" => Answer::json(201, &json!({"ok": true})),
        _ => packument(before),
    }
}

#[test]
fn it_is_linked_to_nothing() {
    let Some(binary) = static_binary() else {
        return;
    };
    let elf = std::fs::read(binary).unwrap();
    // The path of a loader stands in the program's first page, if it has one.
    let head = String::from_utf8_lossy(&elf[..4096]);
    assert!(elf.starts_with(b"\x7fELF"));
    assert!(!head.contains("/ld-") && !head.contains("/ld."), "{head}");
}

#[test]
fn it_packs_the_same_bytes_and_leaves_nothing_else() {
    let Some(root) = root() else { return };
    let packed = run(root.consign().args(["pack", "/package"])).success();
    assert_eq!(packed.stdout, "acme-tool-1.0.0.tgz\n");
    assert_eq!(root.names(), ["acme-tool-1.0.0.tgz", "consign", "package"]);

    let home = Home::new();
    home.file("package/package.json", MANIFEST);
    home.file("package/index.js", "module.exports = 1\n");
    run(home.consign().args(["pack", "./package"])).success();
    let ours = std::fs::read(home.path("acme-tool-1.0.0.tgz")).unwrap();
    assert_eq!(root.read("/acme-tool-1.0.0.tgz"), ours);
}

#[test]
fn it_rehearses() {
    let Some(root) = root() else { return };
    let ran = run(root.consign().args(["rehearse", "/package"])).success();
    assert!(
        ran.stdout.ends_with("rehearsed: @acme/tool@1.0.0\n"),
        "{}",
        ran.stdout
    );
    assert_eq!(root.names(), ["consign", "package"]);
}

#[test]
fn it_publishes_by_tls_to_a_host_name() {
    let Some(root) = root() else { return };
    let authority = Authority::new();
    root.file("/authority.pem", authority.pem());
    let publish = |registry: &Scripted, name: &str, flags: &[&str]| {
        let url = registry.url.replace("localhost", name);
        let token = format!("npm_config_{}:_authToken", url.trim_start_matches("https:"));
        run(root
            .consign()
            .args(["publish", "/package", "--wait=0", "--fetch-retries=0"])
            .arg(format!("--registry={url}"))
            .args(flags)
            .env(token, "planted-secret"))
    };
    let cafile = "--cafile=/authority.pem";

    let registry = Scripted::start_tls(authority.server("localhost", None), good);
    // The authorities that are built in do not know this one.
    let ran = publish(&registry, "localhost", &[]);
    assert_eq!(ran.code, Some(16), "{}", ran.stderr);
    assert!(ran.stderr.contains("UnknownIssuer"), "{}", ran.stderr);
    let ran = publish(&registry, "localhost", &[cafile]).success();
    assert_eq!(ran.stdout, "+ @acme/tool@1.0.0\n");

    let name = "registry.consign.test";
    let registry = Scripted::start_tls(authority.server(name, None), good);
    let ran = publish(&registry, name, &[cafile]);
    assert_eq!(ran.code, Some(16), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("no address for registry.consign.test:"),
        "{}",
        ran.stderr
    );
    root.file("/etc/hosts", format!("127.0.0.1 {name}\n"));
    let ran = publish(&registry, name, &[cafile]).success();
    assert_eq!(ran.stdout, "+ @acme/tool@1.0.0\n");
    assert!(!ran.stderr.contains("planted-secret"), "{}", ran.stderr);
    assert_eq!(root.names(), ["authority.pem", "consign", "etc", "package"]);
}

/// A tarball that is too large for memory has no temporary directory to go to.
#[test]
fn it_publishes_a_large_package() {
    let Some(root) = root() else { return };
    let mut state = 1_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        state.to_be_bytes()[0]
    })
    .take(12 << 20)
    .collect();
    root.file("/package/noise", noise);
    let registry = Scripted::start(good);
    let host = registry.url.trim_start_matches("http:");
    let ran = run(root
        .consign()
        .args(["publish", "/package", "--wait=0", "--fetch-retries=0"])
        .arg(format!("--registry={}", registry.url))
        .env(format!("npm_config_{host}:_authToken"), "t"))
    .success();
    assert_eq!(ran.stdout, "+ @acme/tool@1.0.0\n");
    run(root.consign().args(["rehearse", "/package"])).success();
    assert_eq!(root.names(), ["consign", "package"]);
}

#[test]
fn it_takes_tokens() {
    let Some(root) = root() else { return };
    let sandbox = Sandbox::start();
    let mut consign = root.consign();
    for name in [
        "AWS_ENDPOINT_URL",
        "AWS_REGION",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
    ] {
        consign.env(name, sandbox.variable(name));
    }
    let registry = format!("--registry={}", sandbox.variable("CONSIGN_REGISTRY"));
    let ran = run(consign.args(["token", &registry])).success();
    assert_eq!(ran.stdout.trim().split('.').count(), 5, "{}", ran.stdout);
    assert_eq!(root.names(), ["consign", "package"]);
}

#[test]
fn what_an_empty_root_lacks_is_said() {
    let Some(root) = root() else { return };
    let manifest = json!({"name": "@acme/tool", "version": "1.0.0", "scripts": {"prepack": "x"}});
    root.file("/package/package.json", manifest.to_string());
    let ran = run(root.consign().args(["pack", "/package"]));
    assert_ne!(ran.code, Some(0));
    assert!(ran.stderr.contains("--ignore-scripts"), "{}", ran.stderr);
    let ran = run(root
        .consign()
        .args(["pack", "/package", "--ignore-scripts"]))
    .success();
    assert_eq!(ran.stdout, "acme-tool-1.0.0.tgz\n");
}
