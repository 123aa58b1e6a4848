//! Random lines, flags and values of configuration.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{PATHS, Profile, SCOPES};
use crate::support::Random;

/// Lines of configuration.
pub(super) struct Lines<'a> {
    pub(super) random: &'a mut Random,
    pub(super) root: &'a str,
    pub(super) favourite: (String, String),
    pub(super) profile: &'a Profile,
}

impl Lines<'_> {
    fn host_and_path(&mut self) -> (String, String) {
        if self.random.chance(80) {
            self.favourite.clone()
        } else {
            let host = self.profile.host(self.random);
            (host, self.random.pick(&PATHS).to_owned())
        }
    }

    fn registry(&mut self) -> String {
        if self.random.chance(6) {
            return self
                .random
                .pick(&[
                    "",
                    "notaurl",
                    "h.test",
                    "h.test:4873",
                    "http://",
                    "//h.test/npm/",
                    "http:/h.test",
                    "http://h.test:99999/",
                    "true",
                    "http://planted-user:planted-word@h.test/npm/",
                    "HTTP://H.TEST/NPM",
                    "http://h.test/a b",
                    "${HOST}",
                    "http://${HOST}/npm/",
                    "http://${NONE}/",
                    "http://${NONE?}h.test/",
                    " http://h.test/npm ",
                    "file:///tmp/x",
                    "http://h.test/npm#f",
                    "http:\\\\h.test\\npm\\",
                    "http://é.test/",
                    "https://h.test/npm/;x",
                    "javascript:x",
                    "http://[::1]:4873/npm/",
                    "http://a%b@h.test/",
                ])
                .to_owned();
        }
        let (host, path) = self.host_and_path();
        let scheme = match self.profile {
            Profile::Everything => self.random.pick(&["http", "http", "https"]),
            Profile::Requests(_) => "http",
        };
        format!("{scheme}://{host}{path}")
    }

    fn credential(&mut self) -> (String, String) {
        let (host, path) = self.host_and_path();
        let path = if self.random.chance(75) {
            path.split('?').next().unwrap_or_default().to_owned()
        } else {
            self.random.pick(&PATHS).to_owned()
        };
        let path = match self.random.below(14) {
            // The directory, which is where npm's check looks.
            5.. => {
                let end = path.rfind('/').map_or(0, |slash| slash + 1);
                format!("/{}", path[..end].trim_start_matches('/'))
            }
            0 => path.trim_end_matches('/').to_owned(),
            1 if !path.ends_with('/') => format!("{path}/"),
            _ => path,
        };
        let prefix = match self.random.below(20) {
            0 => format!("http://{host}{path}"),
            1 => format!("//${{HOST}}{path}"),
            2 => format!(
                "//{host}/{}",
                self.random
                    .pick(&["plain", "@acme/thing", "npm/@acme%2fthing"])
            ),
            _ => format!("//{host}{path}"),
        };
        let (name, value) = match self.random.below(10) {
            0..4 => ("_authToken", self.secret()),
            4 => ("_auth", self.base64()),
            5 => (
                "username",
                self.random
                    .pick(&["user", "u:v", "ü", "true", ""])
                    .to_owned(),
            ),
            6 => ("_password", self.base64()),
            7 => ("certfile", self.pem()),
            8 => ("keyfile", self.pem()),
            _ => (
                self.random
                    .pick(&["email", "_authtoken", "${KEY}", "always-auth"]),
                self.secret(),
            ),
        };
        (format!("{prefix}:{name}"), value)
    }

    fn pem(&mut self) -> String {
        let root = self.root;
        match self.random.below(5) {
            0 => "none.pem".to_owned(),
            1 => format!("{root}/work"),
            2 => "cert.pem".to_owned(),
            _ => format!("{root}/work/{}", self.random.pick(&["cert.pem", "key.pem"])),
        }
    }

    fn secret(&mut self) -> String {
        self.random
            .pick(&[
                "token",
                "token",
                "planted-token",
                "${TOKEN}",
                "${NONE}",
                "${NONE?}",
                "\\${TOKEN}",
                "${WORD}",
                "${SPACED}",
                "a;b",
                "a#b",
                "\"quoted # token\"",
                "'single'",
                "'12'",
                "'[\"a\",\"b\"]'",
                "true",
                "false",
                "null",
                "",
                "a=b==",
                "a\\;b",
                "undefined",
                "'{\"a\":1}'",
            ])
            .to_owned()
    }

    fn base64(&mut self) -> String {
        self.random
            .pick(&[
                "dXNlcjpwYXNz",
                "cGFzcw==",
                "cGFzcw",
                "cGFz=cw",
                "OnBhc3M=",
                "not base64!",
                "_-8=",
                "",
                "true",
                "${TOKEN}",
                "dXNlcg==",
                "w7w6w7w=",
                "gICA",
                "'12'",
            ])
            .to_owned()
    }

    pub(super) fn pair(&mut self) -> (String, String) {
        match self.random.below(20) {
            0..5 => ("registry".to_owned(), self.registry()),
            5..8 => {
                let scope = self.random.pick(&SCOPES);
                (format!("{scope}:registry"), self.registry())
            }
            8..14 => self.credential(),
            14 => {
                let scope = self
                    .random
                    .pick(&["@acme", "acme", "@other", "", "true", "'5'", "null"]);
                ("scope".to_owned(), scope.to_owned())
            }
            15 => {
                let key = self.random.pick(&[
                    "_authToken",
                    "_auth",
                    "username",
                    "_password",
                    "_authtoken",
                ]);
                if self.random.chance(25) {
                    (key.to_owned(), self.secret())
                } else {
                    self.credential()
                }
            }
            16 if matches!(self.profile, Profile::Everything) => {
                let value = self
                    .random
                    .pick(&["next", "latest", "null", "", "1.x", "true", "v1"]);
                ("tag".to_owned(), value.to_owned())
            }
            _ => match self.profile {
                Profile::Everything => self.other(),
                Profile::Requests(_) => self.credential(),
            },
        }
    }

    fn other(&mut self) -> (String, String) {
        let root = self.root.to_owned();
        let (key, values): (&str, &[&str]) = match self.random.below(22) {
            0 => (
                "access",
                &["public", "restricted", "private", "open", "null", ""],
            ),
            1 => ("otp", &["123456", "", "null", "true"]),
            2 => ("auth-type", &["web", "legacy", "saml"]),
            3 => ("ca", &["cert", "null", "", "\"a\\n\\nb\""]),
            4 => ("cafile", &["ca.pem", "none.pem", "null", "~/none.pem"]),
            5 => ("strict-ssl", &["false", "true", "0", "no", ""]),
            6 => (
                "proxy",
                &[
                    "http://p.test:3128",
                    "false",
                    "null",
                    "notaurl",
                    "true",
                    "http://planted-user:planted-word@p.test",
                ],
            ),
            7 => ("https-proxy", &["http://p.test:3128/", "false", "null"]),
            8 => ("noproxy", &["a.test,b.test", "", "null"]),
            9 => ("dry-run", &["true", "false", "1", "0", "maybe", ""]),
            10 => ("ignore-scripts", &["true", "false", "0", "yes", "null"]),
            11 => (
                "fetch-timeout",
                &["5000", "0x10", "soon", "", "true", "1e3"],
            ),
            12 => ("loglevel", &["silent", "warn", "loud", "", "true"]),
            13 => ("provenance", &["true", "false"]),
            14 => ("provenance-file", &["bundle.json"]),
            15 => ("workspaces", &["true", "false", "null"]),
            16 => ("workspace", &["inner", "./inner", ""]),
            17 => ("umask", &["0o22", "022", "18", "0", "999", "x"]),
            18 => ("unknown-key", &["x", "true", "null", "${TOKEN}"]),
            19 => ("lockfile-version", &["2", "4", "null"]),
            20 => ("omit", &["dev", "all", "dev\\n\\noptional"]),
            _ => {
                let key = self.random.pick(&[
                    "userconfig",
                    "globalconfig",
                    "prefix",
                    "cache",
                    "location",
                    "global",
                ]);
                let value = match key {
                    "location" => self.random.pick(&["user", "global", "moon"]).to_owned(),
                    "global" => self.random.pick(&["true", "false"]).to_owned(),
                    "cache" => "~/cache".to_owned(),
                    "prefix" => format!("{root}/elsewhere"),
                    _ => self
                        .random
                        .pick(&["~/.npmrc", "../elsewhere/npmrc", "none"])
                        .to_owned(),
                };
                return (key.to_owned(), value);
            }
        };
        (key.to_owned(), self.random.pick(values).to_owned())
    }

    pub(super) fn file(&mut self) -> String {
        let mut text = String::new();
        for _ in 0..self.random.below(8) {
            let (key, value) = self.pair();
            match self.random.below(40) {
                0 => {
                    let _ = writeln!(text, "; {key}={value}");
                }
                1 => {
                    let _ = writeln!(text, "{key}");
                }
                2 => {
                    let _ = writeln!(text, "{key}[]={value}");
                }
                3 => {
                    let _ = write!(text, " {key} = {value} \r\n");
                }
                4 => {
                    let _ = writeln!(text, "\"{key}\"={value}");
                }
                5 => {
                    let _ = writeln!(text, "{key}=\"{value}\"");
                }
                6 if self.random.chance(30) => {
                    let _ = writeln!(text, "[{key}]\na=b");
                }
                7 if self.random.chance(30) => text.push_str("[section]\n"),
                8 => {
                    let _ = writeln!(text, "{key}='{value}'");
                }
                _ => {
                    let _ = writeln!(text, "{key}={value}");
                }
            }
        }
        text
    }

    pub(super) fn flag(&mut self) -> Vec<String> {
        if matches!(self.profile, Profile::Everything) && self.random.chance(35) {
            return self
                .random
                .pick(&[
                    "-s",
                    "-q",
                    "-d",
                    "--silent",
                    "--dry-run",
                    "--no-dry-run",
                    "--json",
                    "-ws",
                    "--ws",
                    "-iwr",
                    "--no-workspaces",
                    "-w inner",
                    "--reg=http://h.test/npm",
                    "--regis http://h.test/npm/",
                    "--unknown",
                    "--unknown value",
                    "--unknown=value",
                    "./dir",
                    "--",
                    "-ddd",
                    "--no-otp",
                    "--otp",
                    "--tag",
                    "--tag --json",
                    "--access",
                    "--loglevel",
                    "--yes maybe",
                    "--no-no-json",
                    "--ca a --ca b",
                    "--ca",
                    "-w",
                    "--json false",
                    "--color always",
                    "--no-color",
                    "-=x",
                    "-sd",
                    "--u --u=1 --u=2",
                    "--proxy=false",
                    "--no-proxy",
                    "--prefix=elsewhere",
                    "-C elsewhere",
                    "--fetch-timeout 5",
                    "--fetch-timeout=x",
                    "--f",
                    "--browser --json",
                    "--browser -x",
                    "--browser firefox",
                    "--git-tag",
                    "---x",
                    "-",
                    "--noproxy a --noproxy b",
                    "--scope=acme",
                ])
                .split(' ')
                .map(str::to_owned)
                .collect();
        }
        let (key, value) = self.pair();
        // A key that npm does not know takes no value from the next argument, which would then be
        // the package to publish.
        if matches!(self.profile, Profile::Requests(_)) || self.random.chance(70) {
            vec![format!("--{key}={value}")]
        } else {
            vec![format!("--{key}"), value]
        }
    }

    pub(super) fn json(&mut self) -> Value {
        match self.random.below(6) {
            0 => json!(true),
            1 => Value::Null,
            2 => json!(5),
            3 => json!(["http://h.test/npm/"]),
            4 => json!({ "a": 1 }),
            _ => json!(""),
        }
    }
}
