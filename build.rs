//! Link arguments for a static binary.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let set = |name| std::env::var(name).unwrap_or_default();
    let is_static = set("CARGO_CFG_TARGET_FEATURE")
        .split(',')
        .any(|feature| feature == "crt-static");
    // A static program relocates itself: the short form needs nothing of the system's loader, and
    // is a third of a megabyte smaller than the long one. A program that is loaded by the system
    // would need a glibc of 2022.
    if is_static && set("CARGO_CFG_TARGET_OS") == "linux" {
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}
