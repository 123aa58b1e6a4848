//! Real published packages, as package directories.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use flate2::read::GzDecoder;
use serde_json::Value;
use tar::Archive;

use super::{Home, Peer, Peers, run};

/// The scripts that `publish` runs; consign is asked to leave them when a package has any, because their tools are not
/// part of what was published.
const PUBLISH_SCRIPTS: [&str; 6] = [
    "prepublishOnly",
    "prepack",
    "prepare",
    "postpack",
    "publish",
    "postpublish",
];

/// A tarball that is made once; who asks while it is made waits for it.
type PackedOnce = Arc<OnceLock<Arc<Vec<u8>>>>;

/// What npm packed, by `name@version`.
static PACKED_BY_NPM: Mutex<BTreeMap<String, PackedOnce>> = Mutex::new(BTreeMap::new());

/// A package that was published by its authors, unpacked into a directory of a test's home.
#[derive(Debug)]
pub(crate) struct RealPackage {
    /// Its directory.
    pub(crate) folder: PathBuf,
    /// `name@version`.
    pub(crate) id: String,
    has_publish_scripts: bool,
}

impl RealPackage {
    /// Unpacks the pinned version of `name` into `home`.
    #[track_caller]
    pub(crate) fn unpack(name: &str, peers: &Peers, home: &Home) -> Self {
        let index: Value =
            serde_json::from_slice(&fs::read(peers.tarball("index.json")).unwrap()).unwrap();
        let file = index
            .as_array()
            .unwrap()
            .iter()
            .find(|entry| entry["name"] == name && entry["root"] == true)
            .and_then(|entry| entry["file"].as_str())
            .unwrap_or_else(|| panic!("{name} is not among the real packages"));

        let folder = home.folder("package");
        unpack_below_top(&peers.tarball(file), &folder);
        let manifest: Value =
            serde_json::from_slice(&fs::read(folder.join("package.json")).unwrap()).unwrap();
        Self {
            id: format!("{name}@{}", manifest["version"].as_str().unwrap()),
            has_publish_scripts: PUBLISH_SCRIPTS
                .iter()
                .any(|script| !manifest["scripts"][script].is_null()),
            folder,
        }
    }

    /// The flags that publishing this package takes: `--ignore-scripts` when it has any to ignore.
    pub(crate) fn flags(&self) -> &'static [&'static str] {
        if self.has_publish_scripts {
            &["--ignore-scripts"]
        } else {
            &[]
        }
    }

    /// The tarball that the real npm packs of the directory. It packs each package once for all tests, because that is
    /// what takes the time.
    pub(crate) fn packed_by_npm(&self, peers: &Peers, home: &Home) -> Arc<Vec<u8>> {
        let package = {
            let mut packed = PACKED_BY_NPM.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(packed.entry(self.id.clone()).or_default())
        };
        let tarball = package.get_or_init(|| {
            let destination = home.folder("packed-by-npm");
            run(peers
                .command(Peer::Npm, home)
                .args(["pack", "--ignore-scripts", "--pack-destination"])
                .arg(&destination)
                .current_dir(&self.folder))
            .success();
            Arc::new(only_file_in(&destination))
        });
        Arc::clone(tarball)
    }

    /// The tarball that consign packs of the directory.
    pub(crate) fn packed_by_consign(&self, home: &Home) -> Vec<u8> {
        let destination = home.folder("packed-by-consign");
        run(home
            .consign()
            .arg("pack")
            .args(self.flags())
            .arg("--pack-destination")
            .arg(&destination)
            .current_dir(&self.folder))
        .success();
        only_file_in(&destination)
    }
}

/// Unpacks a tarball, without its top folder, whatever that is called.
fn unpack_below_top(tarball: &Path, folder: &Path) {
    let mut archive = Archive::new(GzDecoder::new(File::open(tarball).unwrap()));
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path: PathBuf = entry.path().unwrap().components().skip(1).collect();
        let target = folder.join(path);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        entry.unpack(target).unwrap();
    }
}

#[track_caller]
fn only_file_in(folder: &Path) -> Vec<u8> {
    let files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    let [file] = files.as_slice() else {
        panic!("one tarball was expected: {files:?}");
    };
    fs::read(file).unwrap()
}

/// The files of a package tarball, each with its contents, by its path below the top folder.
pub(crate) fn files_in(tarball: &[u8]) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut archive = Archive::new(GzDecoder::new(tarball));
    let mut files = BTreeMap::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().components().skip(1).collect();
        let mut contents = Vec::new();
        entry.read_to_end(&mut contents).unwrap();
        files.insert(path, contents);
    }
    files
}

/// The files of an installed package, each with its contents, by its path below `folder`; without its `node_modules`,
/// where npm also puts what it does not own.
pub(crate) fn files_below(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(below) = folders.pop() {
        for entry in fs::read_dir(&below).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                if path != folder.join("node_modules") {
                    folders.push(path);
                }
            } else {
                let contents = fs::read(&path).unwrap();
                files.insert(path.strip_prefix(folder).unwrap().to_owned(), contents);
            }
        }
    }
    files
}
