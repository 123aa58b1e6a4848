//! Command lines, configurations and packages in which scripts are recorded.

use serde_json::{Value, json};

/// One command with what surrounds it.
pub(super) struct Case {
    /// The command line.
    pub(super) arguments: &'static [&'static str],
    /// The package's `.npmrc`.
    pub(super) npmrc: &'static str,
    pub(super) variables: &'static [(&'static str, &'static str)],
    /// Fields of the manifest.
    pub(super) fields: Value,
    /// What a script does once it has recorded its turn.
    pub(super) scripts: &'static [(&'static str, &'static str)],
    /// Where the command is run: the package is the folder `package`.
    pub(super) folder: &'static str,
    /// Whether the folder above is a workspace root.
    pub(super) is_member: bool,
}

impl Default for Case {
    fn default() -> Self {
        Self {
            arguments: &[],
            npmrc: "",
            variables: &[],
            fields: json!({}),
            scripts: &[],
            folder: "package",
            is_member: false,
        }
    }
}

pub(super) fn cases() -> Vec<Case> {
    let fields = json!({
        "config": { "a": { "b": [1, { "c": null }] }, "t": true, "z": false, "n": 1.50, "e": {},
            "port": "80", "x-y": "dash" },
        "engines": { "node": ">=1" },
        "bin": { "recorder": "run.js" },
    });
    vec![
        Case {
            arguments: &["pack", "--dry-run"],
            ..Case::default()
        },
        Case {
            arguments: &["publish", "--dry-run"],
            fields: fields.clone(),
            ..Case::default()
        },
        Case {
            arguments: &[
                "publish",
                "--dry-run",
                "--tag",
                "next",
                "--otp=123",
                "--unknown=1",
                "-d",
            ],
            npmrc: "//h.test/:_authToken=planted\ntag=old\n",
            variables: &[
                ("npm_config_access", "public"),
                ("NPM_CONFIG_TAG", "env"),
                ("EDITOR", "ed"),
            ],
            fields,
            ..Case::default()
        },
        Case {
            arguments: &[
                "pack",
                "--dry-run",
                "--no-color",
                "--ca",
                "a",
                "--ca",
                "b",
                "--omit=dev",
            ],
            npmrc: "node-options=--no-warnings\nstrict-ssl=false\n[section]\nx=1\n",
            variables: &[
                ("npm_config_loglevel", "error"),
                ("npm_config_noproxy", "x.test"),
            ],
            fields: json!({ "config": "text", "engines": ["a", "b"] }),
            ..Case::default()
        },
        Case {
            arguments: &[
                "publish",
                "--dry-run",
                "--loglevel=notice",
                "--prefix=.",
                "--json",
            ],
            npmrc: "loglevel=error\ncache=~/cache\neditor=nano\nproduction=true\n",
            variables: &[
                ("npm_config_loglevel", "warn"),
                ("Path", "/nowhere:/usr/bin"),
                ("GITHUB_ACTIONS", "true"),
                ("GITHUB_SERVER_URL", "https://github.com"),
                ("NODE_ENV", "test"),
            ],
            ..Case::default()
        },
        Case {
            arguments: &[
                "publish",
                "--dry-run",
                "--foreground-scripts=false",
                "--script-shell=sh",
            ],
            npmrc: "provenance=false\nyes=true\n",
            variables: &[
                ("npm_config_user_agent", "mine/{npm-version} {CI}"),
                ("CI_NAME", "codeship"),
            ],
            ..Case::default()
        },
        Case {
            arguments: &["pack", "--dry-run"],
            npmrc: "init.author.name=x\nworkspaces-update=false\nunicode=false\n",
            variables: &[
                ("npm_config__private", "x"),
                ("npm_config_init_author_name", "me"),
                ("NODE_ENV", "production"),
            ],
            fields: json!({ "engines": null }),
            ..Case::default()
        },
        // A whole publish, upload included.
        Case {
            arguments: &["publish", "--access=public"],
            ..Case::default()
        },
        Case {
            arguments: &["publish", "../package", "--tag=next"],
            folder: "beside",
            ..Case::default()
        },
        Case {
            arguments: &["publish", "--ignore-scripts"],
            ..Case::default()
        },
        // A member by name, and the one that the working directory is in.
        Case {
            arguments: &["publish", "--workspace=@scope/recorder"],
            folder: ".",
            is_member: true,
            ..Case::default()
        },
        Case {
            arguments: &["pack", "--workspaces", "--include-workspace-root"],
            folder: ".",
            is_member: true,
            ..Case::default()
        },
        Case {
            arguments: &["publish"],
            folder: "package/deep",
            is_member: true,
            ..Case::default()
        },
        // What a script changes in package.json, the next ones see.
        Case {
            arguments: &["publish"],
            scripts: &[("prepack", "cp run.json package.json")],
            ..Case::default()
        },
        // A failure stops it there, with the script's status.
        Case {
            arguments: &["publish"],
            scripts: &[("prepare", "exit 7")],
            ..Case::default()
        },
        Case {
            arguments: &["publish"],
            scripts: &[("postpack", "exit 300")],
            ..Case::default()
        },
        Case {
            arguments: &["publish"],
            scripts: &[("publish", "exit 9")],
            ..Case::default()
        },
        Case {
            arguments: &["pack"],
            scripts: &[("prepack", "kill -TERM $$")],
            ..Case::default()
        },
    ]
}
