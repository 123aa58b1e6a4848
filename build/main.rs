//! Link arguments for a static Linux binary: small, and in need of nothing.
//!
//! They stand here and not in a configuration of cargo's, which `RUSTFLAGS` would push aside.

#![expect(
    clippy::print_stdout,
    reason = "a build script speaks to cargo on its stdout"
)]

use std::path::Path;
use std::{env, fs, io};

/// With `panic = "abort"` nothing is ever unwound, and the binary has no symbols that a backtrace could show: the
/// tables for both are a tenth of the binary.
const WITHOUT_UNWIND_TABLES: &str =
    "SECTIONS { /DISCARD/ : { *(.eh_frame) *(.eh_frame.*) } }\nINSERT AFTER .rodata;\n";

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed=build");
    let set = |name| env::var(name).unwrap_or_default();
    let is_static = set("CARGO_CFG_TARGET_FEATURE")
        .split(',')
        .any(|feature| feature == "crt-static");
    if !is_static || set("CARGO_CFG_TARGET_OS") != "linux" {
        return Ok(());
    }
    let link = |argument: &str| println!("cargo:rustc-link-arg-bins={argument}");
    if set("CARGO_CFG_TARGET_ENV") == "gnu" {
        for object in cc::Build::new()
            .file("build/dlsym.c")
            .compile_intermediates()
        {
            link(&object.to_string_lossy());
        }
        link("-Wl,--wrap=dlsym");
    }
    // A static program relocates itself, and so can take the short form, which needs nothing of the system's loader.
    // One that is loaded by the system would need a glibc of 2022.
    link("-Wl,-z,pack-relative-relocs");
    if set("PROFILE") == "release" {
        let script = Path::new(&set("OUT_DIR")).join("without-unwind-tables.ld");
        fs::write(&script, WITHOUT_UNWIND_TABLES)?;
        link(&format!("-Wl,-T,{}", script.display()));
        link("-Wl,--no-eh-frame-hdr");
    }
    // rustc's own linker is the default for this target only.
    if set("TARGET") == "x86_64-unknown-linux-gnu" {
        link("-Wl,--icf=all");
    }
    Ok(())
}
