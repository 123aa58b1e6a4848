//! A real package packed twice, by consign and by the real npm: the two tarballs are one.

use std::io::Read;
use std::sync::Arc;

use flate2::read::GzDecoder;

use crate::support::{Home, Peers, RealPackage};

/// Packs the package with both; what npm made, and what consign made.
fn packed_by_both(name: &str) -> Option<(Arc<Vec<u8>>, Vec<u8>)> {
    let peers = Peers::installed()?;
    let home = Home::new();
    let package = RealPackage::unpack(name, &peers, &home);
    Some((
        package.packed_by_npm(&peers, &home),
        package.packed_by_consign(&home),
    ))
}

/// Files, order, headers and contents. What differs here says more than a digest.
fn same_tar_stream(name: &str) {
    let Some((npm, consign)) = packed_by_both(name) else {
        return;
    };
    let (npm, consign) = (unzipped(&npm), unzipped(&consign));
    if let Some(at) = first_difference(&npm, &consign) {
        let (here, there) = (entry_at(&npm, at), entry_at(&consign, at));
        panic!("the tar streams differ from byte {at} on: in {here} of npm, in {there} of consign");
    }
}

/// What a registry's integrity is the digest of.
fn same_tarball(name: &str) {
    let Some((npm, consign)) = packed_by_both(name) else {
        return;
    };
    assert!(
        *npm == consign,
        "{} bytes of npm, {} of consign",
        npm.len(),
        consign.len()
    );
}

fn unzipped(tarball: &[u8]) -> Vec<u8> {
    let mut tar = Vec::new();
    GzDecoder::new(tarball).read_to_end(&mut tar).unwrap();
    tar
}

/// Where two byte strings part; at the end of the shorter when it is the start of the longer.
fn first_difference(left: &[u8], right: &[u8]) -> Option<usize> {
    let common = left
        .iter()
        .zip(right)
        .take_while(|(one, other)| one == other)
        .count();
    (left.len().max(right.len()) > common).then_some(common)
}

/// The path of the tar entry that byte `at` belongs to.
fn entry_at(tar: &[u8], at: usize) -> String {
    let mut archive = tar::Archive::new(tar);
    let mut last = String::from("the start");
    for entry in archive.entries().unwrap() {
        let entry = entry.unwrap();
        if entry.raw_header_position() > at as u64 {
            break;
        }
        last = entry.path().unwrap().display().to_string();
    }
    last
}

/// One module a package.
macro_rules! same_as_npm {
    ($($module:ident $name:literal;)+) => {$(
        mod $module {
            #[test]
            fn has_the_same_tar_stream() {
                super::same_tar_stream($name);
            }

            #[test]
            fn is_the_same_tarball() {
                super::same_tarball($name);
            }
        }
    )+};
}

same_as_npm! {
    babel_core "@babel/core";
    types_node "@types/node";
    core_js "core-js";
    esbuild "esbuild";
    express "express";
    lodash "lodash";
    npm "npm";
    react "react";
    semver "semver";
    typescript "typescript";
}
