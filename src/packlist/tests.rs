//! Package trees and what is packed of them, one row a rule. Random trees go against the real npm in
//! `tests/it/differential.rs`.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::*;

/// A package directory that removes itself.
struct Tree(tempfile::TempDir);

impl Tree {
    /// `files` are paths with their text; one that ends in `/` is a directory.
    fn new(files: &[(&str, &str)]) -> Self {
        let tree = Self(tempfile::tempdir().unwrap());
        for (path, text) in files {
            tree.put(path, text);
        }
        tree
    }

    fn put(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn root(&self) -> PathBuf {
        self.0.path().canonicalize().unwrap()
    }

    fn list(&self, manifest: &Value) -> Result<Packlist, PacklistError> {
        self.list_in("", manifest, None)
    }

    fn list_in(
        &self,
        directory: &str,
        manifest: &Value,
        workspaces: Option<(&str, &[&str])>,
    ) -> Result<Packlist, PacklistError> {
        let root = self.root().join(directory);
        let root = root.components().collect::<PathBuf>();
        let prefix = workspaces
            .map(|(prefix, _)| self.root().join(prefix).components().collect::<PathBuf>());
        let selected: Vec<PathBuf> = workspaces
            .into_iter()
            .flat_map(|(_, members)| members)
            .map(|member| self.root().join(member))
            .collect();
        let manifest = manifest.as_object().unwrap();
        let workspaces = prefix.as_ref().map(|prefix| Workspaces {
            prefix,
            selected: &selected,
        });
        packlist(&Package {
            root: &root,
            manifest,
            members: &[],
            workspaces,
        })
    }
}

fn paths(list: &Packlist) -> Vec<&str> {
    list.entries
        .iter()
        .map(|entry| entry.path.as_str())
        .collect()
}

#[test]
fn rules_of_npm_decide_what_is_packed() {
    type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], Value, &'a [&'a str]);
    let rows: [Row<'_>; 17] = [
        (
            "defaults are left out, anchored ones in every directory",
            &[
                ("a.js", ""),
                (".npmrc", ""),
                ("lib/.lock-wscript", ""),
                ("lib/b.orig", ""),
                ("lib/c.js", ""),
                ("yarn.lock", ""),
            ],
            json!({}),
            &["a.js", "lib/c.js"],
        ),
        (
            "npmignore beats gitignore",
            &[
                (".npmignore", "a.js"),
                (".gitignore", "b.js"),
                ("a.js", ""),
                ("b.js", ""),
            ],
            json!({}),
            &["b.js"],
        ),
        (
            "an ignored directory that a negation reaches into is entered and ships",
            &[
                (".npmignore", "lib\n!lib/a.js"),
                ("lib/a.js", ""),
                ("lib/b.js", ""),
            ],
            json!({}),
            &["lib/a.js", "lib/b.js"],
        ),
        (
            "with lib/* only what is negated ships",
            &[
                (".npmignore", "lib/*\n!lib/a.js"),
                ("lib/a.js", ""),
                ("lib/b.js", ""),
            ],
            json!({}),
            &["lib/a.js"],
        ),
        (
            "main reaches into an ignored directory as well",
            &[(".gitignore", "dist"), ("dist/m.js", ""), ("dist/n.js", "")],
            json!({"main": "dist/m.js"}),
            &["dist/m.js", "dist/n.js"],
        ),
        (
            "main with ./ forces nothing",
            &[("lib/m.js", ""), ("b.js", "")],
            json!({"main": "./lib/m.js", "files": ["b.js"]}),
            &["b.js"],
        ),
        (
            "files names directories and patterns",
            &[
                ("lib/a.js", ""),
                ("src/b.js", ""),
                ("src/c.ts", ""),
                ("d.js", ""),
            ],
            json!({"files": ["lib", "src/*.ts"]}),
            &["lib/a.js", "src/c.ts"],
        ),
        (
            "files cannot bring back what is strict",
            &[("package-lock.json", ""), (".npmrc", ""), ("a.js", "")],
            json!({"files": ["package-lock.json", ".npmrc", "a.js"]}),
            &["a.js"],
        ),
        (
            "the first of two exact files entries wins",
            &[("lib/a.js", ""), ("b.js", "")],
            json!({"files": ["!lib/a.js", "lib/a.js", "b.js"]}),
            &["b.js"],
        ),
        (
            "a file that files names is shielded from an ignore file beside it",
            &[("lib/.npmignore", "*"), ("lib/a.js", ""), ("lib/b.js", "")],
            json!({"files": ["lib/a.js", "lib"]}),
            &["lib/a.js"],
        ),
        (
            "an empty files entry is everything",
            &[("a.js", ""), (".DS_Store", "")],
            json!({"files": [""]}),
            &[".DS_Store", "a.js"],
        ),
        (
            "a string is its characters",
            &[("l", ""), ("lib/a.js", "")],
            json!({"files": "lib"}),
            &["l"],
        ),
        (
            "readme and licence come along whatever their case",
            &[
                ("Readme.MD", ""),
                ("LICENCE", ""),
                ("README.md~", ""),
                ("a.js", ""),
            ],
            json!({"files": ["nothing"]}),
            &["LICENCE", "Readme.MD"],
        ),
        (
            "a byte order mark, carriage returns and comments",
            &[
                (".npmignore", "\u{FEFF}a.js\r\n# b.js\r\n  c.js \r\n"),
                ("a.js", ""),
                ("b.js", ""),
                ("c.js", ""),
            ],
            json!({}),
            &["b.js"],
        ),
        (
            "names with a star are skipped",
            &[("a*b", ""), ("c", "")],
            json!({}),
            &["c"],
        ),
        (
            "a browser object forces the files named by its letters",
            &[("o", ""), ("x", ""), ("a.js", "")],
            json!({"files": ["a.js"], "browser": {"a": "b"}}),
            &["o", "a.js"],
        ),
        (
            "paths that begin with @ sort as ./@",
            &[("@x/a.js", ""), ("-/a.js", ""), ("b/a.js", "")],
            json!({}),
            &["-/a.js", "@x/a.js", "b/a.js"],
        ),
    ];
    for (rule, files, manifest, expected) in rows {
        let tree = Tree::new(files);
        tree.put("package.json", &manifest.to_string());
        let list = tree.list(&manifest).unwrap();
        let packed: Vec<&str> = paths(&list)
            .into_iter()
            .filter(|path| *path != "package.json")
            .collect();
        assert_eq!(packed, expected, "{rule}");
    }
}

#[test]
fn a_member_takes_the_ignore_files_above_it_unanchored() {
    let tree = Tree::new(&[
        (".gitignore", "/a.js"),
        ("packages/.npmignore", "b.js"),
        ("packages/one/package.json", "{}"),
        ("packages/one/a.js", ""),
        ("packages/one/b.js", ""),
        ("packages/one/c.js", ""),
    ]);
    let selected: &[&str] = &["packages/one"];
    let list = tree
        .list_in("packages/one", &json!({}), Some(("", selected)))
        .unwrap();
    assert_eq!(paths(&list), ["c.js", "package.json"]);
    let alone = tree.list_in("packages/one", &json!({}), None).unwrap();
    assert_eq!(paths(&alone), ["a.js", "b.js", "c.js", "package.json"]);
    tree.put("package.json", "{}");
    let root = tree.list_in("", &json!({}), Some(("", selected))).unwrap();
    assert_eq!(paths(&root), ["package.json"]);
}

#[test]
fn bundled_dependencies_come_along_with_theirs() {
    let tree = Tree::new(&[
        ("package.json", "{}"),
        (
            "node_modules/a/package.json",
            r#"{"dependencies": {"b": "*", "missing": "*"}}"#,
        ),
        ("node_modules/a/.npmignore", "x.js"),
        ("node_modules/a/x.js", ""),
        (
            "node_modules/a/node_modules/b/package.json",
            r#"{"files": ["c.js"], "dependencies": {"a": "*"}}"#,
        ),
        ("node_modules/a/node_modules/b/c.js", ""),
        ("node_modules/a/node_modules/b/d.js", ""),
        ("node_modules/b/package.json", "{}"),
        ("node_modules/other/package.json", "{}"),
    ]);
    let manifest = json!({
        "dependencies": {"a": "*"},
        "devDependencies": {"other": "*"},
        "bundleDependencies": ["a", "other"],
    });
    let list = tree.list(&manifest).unwrap();
    assert_eq!(
        paths(&list),
        [
            "node_modules/a/.npmignore",
            "node_modules/a/node_modules/b/c.js",
            "node_modules/a/x.js",
            "node_modules/a/node_modules/b/package.json",
            "node_modules/a/package.json",
            "package.json",
        ]
    );
    assert_eq!(list.bundled, ["a"]);
}

#[test]
fn an_up_to_date_hidden_lockfile_hides_what_manifests_say() {
    let tree = Tree::new(&[
        ("package.json", "{}"),
        ("node_modules/a/package.json", r#"{"files": ["a.js"]}"#),
        ("node_modules/a/a.js", ""),
        ("node_modules/a/b.js", ""),
    ]);
    let manifest = json!({"dependencies": {"a": "*"}, "bundleDependencies": ["a"]});
    let without = tree.list(&manifest).unwrap();
    assert!(!paths(&without).contains(&"node_modules/a/b.js"));
    tree.put(
        "node_modules/.package-lock.json",
        r#"{"packages": {"node_modules/a": {}}}"#,
    );
    let with = tree.list(&manifest).unwrap();
    assert!(paths(&with).contains(&"node_modules/a/b.js"));
    tree.put(
        "node_modules/.package-lock.json",
        r#"{"packages": {"node_modules/gone": {}}}"#,
    );
    let stale = tree.list(&manifest).unwrap();
    assert_eq!(paths(&stale), paths(&without));
}

#[test]
fn falling_back_on_gitignore_is_warned_about() {
    let tree = Tree::new(&[("package.json", "{}"), (".gitignore", "x")]);
    assert_eq!(
        tree.list(&json!({})).unwrap().warnings,
        [Warning::GitignoreFallback]
    );
    assert_eq!(tree.list(&json!({"files": ["."]})).unwrap().warnings, []);
    tree.put(".npmignore", "");
    assert_eq!(tree.list(&json!({})).unwrap().warnings, []);
}

#[test]
fn what_cannot_be_packed_is_named() {
    let tree = Tree::new(&[("package.json", "{}"), ("a\\b/c.js", "")]);
    let error = tree.list(&json!({})).unwrap_err();
    assert!(
        error.to_string().ends_with("a\\b has a backslash in it"),
        "{error}"
    );
    assert!(error.hint().is_some());
    for (files, problem) in [
        (json!({"0": "a"}), FilesProblem::NotAList),
        (json!(true), FilesProblem::NotAList),
        (json!(["a", 1]), FilesProblem::NotText { index: 1 }),
    ] {
        match tree.list(&json!({"files": files})) {
            Err(PacklistError::Files { problem: found, .. }) => assert_eq!(found, problem),
            other => panic!("{other:?}"),
        }
    }
    let error = tree.list(&json!({"dependencies": {"a": 1}})).unwrap_err();
    assert!(matches!(error, PacklistError::Dependency { name, .. } if name == "a"));
    tree.put(".npmignore", "[[:alpha:]]-x");
    let error = tree.list(&json!({})).unwrap_err();
    assert!(matches!(error, PacklistError::Pattern { path, .. } if path.ends_with(".npmignore")));
}

#[cfg(unix)]
#[test]
fn names_that_are_not_unicode_are_refused_unless_left_out() {
    use std::os::unix::ffi::OsStrExt;
    let tree = Tree::new(&[("package.json", "{}")]);
    let name = std::ffi::OsStr::from_bytes(b"\xFFx.js");
    fs::write(tree.root().join(name), "").unwrap();
    let error = tree.list(&json!({})).unwrap_err();
    assert!(matches!(error, PacklistError::NotUnicode { path } if path.ends_with(Path::new(name))));
    tree.put(".npmignore", "*x.js");
    assert_eq!(paths(&tree.list(&json!({})).unwrap()), ["package.json"]);
}

#[cfg(unix)]
#[test]
fn links_are_not_followed_and_long_paths_are() {
    let tree = Tree::new(&[("package.json", "{}")]);
    std::os::unix::fs::symlink("..", tree.root().join("loop")).unwrap();
    std::os::unix::fs::symlink("nowhere", tree.root().join("dangling.js")).unwrap();
    let deep = format!("{}/a.js", ["x".repeat(200).as_str(); 18].join("/"));
    tree.put(&deep, "");
    assert_eq!(
        paths(&tree.list(&json!({})).unwrap()),
        [deep.as_str(), "package.json"]
    );
}

#[cfg(unix)]
#[test]
fn sizes_modes_and_second_names_are_reported() {
    use std::os::unix::fs::PermissionsExt;
    let tree = Tree::new(&[("package.json", "{}"), ("a.js", "abc")]);
    let path = tree.root().join("a.js");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o4751)).unwrap();
    fs::hard_link(&path, tree.root().join("b.js")).unwrap();
    let list = tree.list(&json!({})).unwrap();
    let [a, b, manifest] = list.entries.as_slice() else {
        panic!("{list:?}");
    };
    assert_eq!((a.size, a.mode), (3, 0o4751));
    assert!(a.hard_link.is_some() && a.hard_link == b.hard_link);
    assert_eq!(manifest.hard_link, None);
}

#[test]
fn drive_letters_stay_out_of_the_tarball() {
    for (path, expected) in [
        ("C:foo.js", "foo.js"),
        ("c:/x.js", "x.js"),
        ("a:b:c", "c"),
        ("ab:c", "ab:c"),
        ("\\x", "x"),
        ("\\\\host\\share\\x", "x"),
        ("d:/node_modules/x", "node_modules/x"),
    ] {
        assert_eq!(tarball_path(path), expected);
    }
}
