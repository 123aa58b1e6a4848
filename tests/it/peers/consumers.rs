//! What consumers make of packages that consign published: the same tree and the same lockfile as of those that the
//! real npm published.
//!
//! Two verdaccios hold the same packages, one from each publisher. Every client installs from both; but for the
//! address of the registry, nothing may be different.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::support::{Home, Peer, Peers, Verdaccio, run};

/// A consumer: how it is told where the registry is, how it installs, and what it locks with.
struct Consumer {
    peer: Peer,
    install: &'static [&'static str],
    lockfile: &'static str,
}

const NPM: Consumer = Consumer {
    peer: Peer::Npm,
    install: &["install", "--no-audit", "--no-fund"],
    lockfile: "package-lock.json",
};

const PNPM: Consumer = Consumer {
    peer: Peer::Pnpm,
    // It ends with a failure where it leaves out an install script unasked.
    install: &["install", "--ignore-scripts"],
    lockfile: "pnpm-lock.yaml",
};

const YARN: Consumer = Consumer {
    peer: Peer::Yarn,
    install: &["install", "--no-immutable"],
    lockfile: "yarn.lock",
};

const YARN_1: Consumer = Consumer {
    peer: Peer::Yarn1,
    install: &["install", "--non-interactive"],
    lockfile: "yarn.lock",
};

const BUN: Consumer = Consumer {
    peer: Peer::Bun,
    install: &["install", "--save-text-lockfile"],
    lockfile: "bun.lock",
};

/// Who publishes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Publisher {
    Consign,
    Npm,
}

/// Writes the packages, dependencies first. Between them they have whatever a lockfile tells of a package.
fn packages(home: &Home) -> Vec<PathBuf> {
    let write = |path: &str, text: &str| home.file(format!("source/{path}"), text);
    write("base/index.js", "module.exports = 'base'\n");
    write(
        "base/cli.js",
        "#!/usr/bin/env node\nconsole.log('base runs')\n",
    );
    let base = json!({
        "name": "base", "version": "1.2.3", "license": "MIT", "bin": "./cli.js", "scripts": {"install": "exit 0"},
        "engines": {"node": ">=4"}, "funding": "https://example.com/fund", "deprecated": false,
    });
    write("base/package.json", &base.to_string());

    write("elsewhere/index.js", "module.exports = 'elsewhere'\n");
    let elsewhere =
        json!({"name": "elsewhere", "version": "0.1.0", "os": ["aix"], "cpu": ["s390x"]});
    write("elsewhere/package.json", &elsewhere.to_string());

    write("host/index.js", "module.exports = 'host'\n");
    write(
        "host/package.json",
        &json!({"name": "host", "version": "3.0.0"}).to_string(),
    );

    write(
        "main/lib/index.js",
        "module.exports = [require('base'), require('bundled')]\n",
    );
    write(
        "main/lib/index.d.ts",
        "declare const value: string[]\nexport = value\n",
    );
    write(
        "main/tools/run.js",
        "#!/usr/bin/env node\nconsole.log('main runs')\n",
    );
    write("main/README.md", "# main\n\nWhat it is for.\n");
    write("main/test/skipped.js", "throw new Error()\n");
    write(
        "main/node_modules/bundled/index.js",
        "module.exports = 'bundled'\n",
    );
    write(
        "main/node_modules/bundled/package.json",
        r#"{"name": "bundled", "version": "1.0.0"}"#,
    );
    let main = json!({
        "name": "@scope/main", "version": "2.0.0-rc.1", "license": "(MIT OR Apache-2.0)", "main": "lib/index.js",
        "types": "lib/index.d.ts", "bin": {"main": "tools/run.js", "main-too": "./tools/run.js"},
        "files": ["lib", "tools"], "dependencies": {"base": "^1.0.0", "bundled": "1"},
        "bundledDependencies": ["bundled"], "optionalDependencies": {"elsewhere": "*"},
        "peerDependencies": {"host": ">=2", "absent": "*"}, "peerDependenciesMeta": {"absent": {"optional": true}},
        "engines": ["node >= 0"], "exports": {".": "./lib/index.js", "./*": "./lib/*"},
        "repository": "github:example/main", "author": "A B <a@example.com>",
    });
    write("main/package.json", &main.to_string());
    // Not every client looks for a dependency inside the package that brings it along.
    write("bundled/index.js", "module.exports = 'bundled'\n");
    write(
        "bundled/package.json",
        r#"{"name": "bundled", "version": "1.0.0"}"#,
    );
    ["base", "bundled", "elsewhere", "host", "main"]
        .map(|name| home.path(format!("source/{name}")))
        .into()
}

fn publish(publisher: Publisher, registry: &Verdaccio, peers: &Peers) {
    let home = Home::new();
    home.npmrc(&registry.npmrc());
    for folder in packages(&home) {
        let mut command = match publisher {
            Publisher::Consign => home.consign(),
            Publisher::Npm => peers.command(Peer::Npm, &home),
        };
        run(command
            .args(["publish", "--tag=latest"])
            .current_dir(folder))
        .success();
    }
}

/// Everything below a folder, by path: contents and whether it can be run; links by what they lead to.
type Tree = BTreeMap<PathBuf, (bool, Vec<u8>)>;

fn tree(top: &Path) -> Tree {
    let mut tree = Tree::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(top.join(&folder)).unwrap() {
            let path = folder.join(entry.unwrap().file_name());
            let metadata = fs::metadata(top.join(&path)).unwrap();
            if metadata.is_dir() {
                folders.push(path);
            } else {
                let contents = fs::read(top.join(&path)).unwrap();
                tree.insert(path, (metadata.permissions().mode() & 0o111 != 0, contents));
            }
        }
    }
    tree
}

/// What is left of an installation: the lockfile without the registry's address, the packages' trees, and what their
/// programs say.
#[derive(Debug, PartialEq)]
struct Installed {
    lockfile: String,
    trees: Vec<Tree>,
    said: Vec<String>,
}

fn install(consumer: &Consumer, registry: &Verdaccio, peers: &Peers) -> Installed {
    let home = Home::new();
    let project = home.folder("project");
    let manifest = json!({
        "name": "project", "version": "1.0.0", "dependencies": {"@scope/main": "2.0.0-rc.1", "host": "3"},
    });
    home.file("project/package.json", manifest.to_string());
    let url = &registry.registry;
    home.npmrc(&registry.npmrc());
    let settings = json!({
        "npmRegistryServer": url, "unsafeHttpWhitelist": ["127.0.0.1"], "nodeLinker": "node-modules",
        "enableGlobalCache": false, "enableTelemetry": false, "npmMinimalAgeGate": 0,
    });
    // JSON is YAML.
    home.file("project/.yarnrc.yml", settings.to_string());
    home.file("project/.yarnrc", format!("registry \"{url}\"\n"));
    home.file(
        "project/bunfig.toml",
        format!("[install]\nregistry = \"{url}\"\ncache = false\n"),
    );
    if consumer.peer == Peer::Yarn {
        home.file("project/yarn.lock", "");
    }
    run(peers
        .command(consumer.peer, &home)
        .args(consumer.install)
        .env("npm_config_store_dir", home.path("store"))
        .env("npm_config_minimum_release_age", "0")
        .env("YARN_CACHE_FOLDER", home.path("yarn-cache"))
        .current_dir(&project))
    .success();

    let lockfile = fs::read_to_string(project.join(consumer.lockfile)).unwrap();
    let modules = project.join("node_modules");
    let main = modules.join("@scope/main");
    let from = fs::canonicalize(&main).unwrap();
    let said = |command: &mut Command| run(command).success().stdout;
    let script = "console.log(JSON.stringify([require('@scope/main'), require.resolve('host/package.json') !== '']))";
    Installed {
        lockfile: lockfile.replace(url.trim_end_matches('/'), "REGISTRY"),
        trees: vec![tree(&main), tree(&modules.join("host"))],
        said: vec![
            said(home.command("node").args(["-e", script]).current_dir(&project)),
            said(home.command(modules.join(".bin/main")).current_dir(&project)),
            said(home
                .command("node")
                .args(["-p", "require('child_process').execFileSync(require.resolve('base/cli.js'), {encoding: 'utf8'})"])
                .current_dir(from)),
        ],
    }
}

fn installs_alike(consumer: &Consumer) {
    let Some(peers) = Peers::installed() else {
        return;
    };
    let [ours, npms] = [Publisher::Consign, Publisher::Npm].map(|publisher| {
        let registry = Verdaccio::start(&peers);
        publish(publisher, &registry, &peers);
        install(consumer, &registry, &peers)
    });
    assert_eq!(
        ours.lockfile, npms.lockfile,
        "{:?} (ours, npm's)",
        consumer.peer
    );
    assert!(ours.lockfile.contains("@scope/main"), "{}", ours.lockfile);
    for (ours, npms) in ours.trees.iter().zip(&npms.trees) {
        assert_eq!(
            ours.keys().collect::<Vec<_>>(),
            npms.keys().collect::<Vec<_>>()
        );
        for (path, file) in ours {
            assert!(
                Some(file) == npms.get(path),
                "{} is another file",
                path.display()
            );
        }
        assert!(ours.contains_key(Path::new("package.json")));
    }
    assert_eq!(ours.said, npms.said);
    let expected = [
        "[[\"base\",\"bundled\"],true]\n",
        "main runs\n",
        "base runs\n\n",
    ];
    assert_eq!(ours.said, expected, "{:?}", consumer.peer);
}

#[test]
fn npm_installs_the_same() {
    installs_alike(&NPM);
}

#[test]
fn pnpm_installs_the_same() {
    installs_alike(&PNPM);
}

#[test]
fn yarn_installs_the_same() {
    installs_alike(&YARN);
}

#[test]
fn yarn_1_installs_the_same() {
    installs_alike(&YARN_1);
}

#[test]
fn bun_installs_the_same() {
    installs_alike(&BUN);
}
