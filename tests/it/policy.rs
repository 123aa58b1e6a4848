//! What must not be in the dependency tree.

use std::process::Command;

#[test]
fn no_c_tls_library_is_in_the_tree() {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--locked",
            "--edges",
            "normal,build",
            "--prefix",
            "none",
            "--format",
            "{p}",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let tree = String::from_utf8_lossy(&output.stdout);
    assert!(
        tree.contains("\nring "),
        "ring is the one provider:\n{tree}"
    );
    let banned: Vec<_> = tree
        .lines()
        .map(|line| line.split(' ').next().unwrap_or_default())
        .filter(|name| {
            name.starts_with("aws-lc") || name.starts_with("openssl") || *name == "native-tls"
        })
        .filter(|name| *name != "openssl-probe") // finds certificate files, links nothing
        .collect();
    assert_eq!(banned, Vec::<&str>::new());
}
