//! Random configurations: files in every layer, variables, flags, a package with `publishConfig`.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

mod lines;

use crate::support::Random;
use lines::Lines;

pub(crate) struct Case {
    pub(crate) cwd: String,
    pub(crate) home: String,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) args: Vec<String>,
    pub(crate) node: String,
    pub(crate) npm: String,
    pub(crate) name: String,
    pub(crate) publish_config: Option<Value>,
    files: Vec<(String, String)>,
}

const HOSTS: [&str; 6] = [
    "h.test",
    "h.test:4873",
    "h.test:443",
    "h.test:80",
    "other.test",
    "H.test",
];
const PATHS: [&str; 9] = [
    "/",
    "",
    "/npm/",
    "/npm",
    "/npm/repo/",
    "/npm/repo",
    "/npm//repo/",
    "/a%20b/",
    "/npm/?q=1",
];
const SCOPES: [&str; 3] = ["@acme", "@other", "@ACME"];

/// What a configuration is made of.
pub(crate) enum Profile {
    /// Every kind of key, hosts that do not exist.
    Everything,
    /// What decides how a registry is asked, for registries at these hosts.
    Requests(Vec<String>),
}

impl Profile {
    fn host(&self, random: &mut Random) -> String {
        match self {
            Self::Everything => random.pick(&HOSTS).to_owned(),
            Self::Requests(hosts) => hosts[random.below(hosts.len())].clone(),
        }
    }
}

impl Case {
    pub(crate) fn generate(random: &mut Random, root: &Path, profile: &Profile) -> Self {
        let root = root.to_string_lossy().into_owned();
        let mut case = Self {
            cwd: format!("{root}/work"),
            home: format!("{root}/home"),
            env: Vec::new(),
            args: vec!["publish".to_owned()],
            node: format!("{root}/prefix/bin/node"),
            npm: format!("{root}/npm"),
            name: random
                .pick(&["plain", "@acme/thing", "@other/thing", "@acme/thing"])
                .to_owned(),
            publish_config: None,
            files: Vec::new(),
        };
        for directory in ["home", "work/inner", "prefix/etc", "npm", "elsewhere/etc"] {
            std::fs::create_dir_all(format!("{root}/{directory}")).unwrap();
        }
        case.variables(random, &root);
        match profile {
            Profile::Everything => case.tree(random, &root),
            Profile::Requests(_) => {
                case.env
                    .retain(|(name, _)| name != "PATH" && name != "HOST");
                case.env
                    .push(("PATH".into(), std::env::var("PATH").unwrap()));
                case.env.push(("PREFIX".into(), format!("{root}/prefix")));
                case.env.push(("HOST".into(), profile.host(random)));
                case.env
                    .push(("npm_config_fetch_retries".into(), "0".into()));
                case.env
                    .push(("npm_config_update_notifier".into(), "false".into()));
            }
        }
        // One host and path are favoured, so that keys meet registries.
        let favourite = (profile.host(random), random.pick(&PATHS).to_owned());
        let mut context = Lines {
            random,
            root: &root,
            favourite,
            profile,
        };
        case.layers(&mut context);
        for _ in 0..context.random.below(4) {
            let (key, value) = context.pair();
            if key.contains(['\0', '=', '\n']) || value.contains('\0') {
                continue;
            }
            let key = if key.starts_with("//") || context.random.chance(30) {
                key
            } else {
                key.replace('-', "_")
            };
            let prefix = context
                .random
                .pick(&["npm_config_", "npm_config_", "NPM_CONFIG_"]);
            let name = format!("{prefix}{key}");
            case.env.retain(|(known, _)| *known != name);
            case.env.push((name, value));
        }
        for _ in 0..context.random.below(4) {
            let arguments = context.flag();
            case.args.extend(arguments);
        }
        if context.random.chance(40) {
            let mut own = serde_json::Map::new();
            for _ in 0..=context.random.below(3) {
                let (key, value) = context.pair();
                // A number as `cafile` is a file descriptor to Node.
                let value = if context.random.chance(8) && key != "cafile" {
                    context.json()
                } else {
                    json!(value)
                };
                own.insert(key, value);
            }
            case.publish_config = Some(Value::Object(own));
        }
        case
    }

    /// The files of the layers.
    fn layers(&mut self, context: &mut Lines<'_>) {
        let root = context.root;
        let project = format!("{root}/work/.npmrc");
        let user = format!("{root}/home/.npmrc");
        let global = format!("{root}/prefix/etc/npmrc");
        let builtin = format!("{root}/npm/npmrc");
        for (path, percent) in [(project, 70), (user, 70), (global, 35), (builtin, 15)] {
            if context.random.chance(percent) {
                let text = context.file();
                self.file(&path, &text);
            }
        }
        if context.random.chance(15) {
            let text = context.file();
            self.file(&format!("{root}/elsewhere/npmrc"), &text);
            let key = context
                .random
                .pick(&["npm_config_userconfig", "npm_config_globalconfig"]);
            self.env
                .push((key.to_owned(), format!("{root}/elsewhere/npmrc")));
        }
        if context.random.chance(10) {
            let text = context.file();
            self.file(&format!("{root}/elsewhere/etc/npmrc"), &text);
            let key = context
                .random
                .pick(&["npm_config_prefix", "PREFIX", "NPM_CONFIG_PREFIX"]);
            self.env.retain(|(known, _)| known != key);
            self.env.push((key.to_owned(), format!("{root}/elsewhere")));
        }
    }

    fn variables(&mut self, random: &mut Random, root: &str) {
        self.env.push(("HOME".into(), self.home.clone()));
        self.env.push(("PATH".into(), format!("{root}/prefix/bin")));
        self.env.push(("TOKEN".into(), "planted-token".into()));
        self.env.push(("SPACED".into(), " padded ".into()));
        self.env.push((
            "WORD".into(),
            random.pick(&["true", "null", "false"]).into(),
        ));
        self.env.push(("HOST".into(), "h.test".into()));
        self.env.push(("EMPTY".into(), String::new()));
        self.env.push(("KEY".into(), "_authToken".into()));
    }

    /// Manifests, `node_modules`, a workspace root, a deeper working directory.
    fn tree(&mut self, random: &mut Random, root: &str) {
        match random.below(6) {
            0 => {}
            1 => std::fs::create_dir_all(format!("{root}/work/node_modules")).unwrap(),
            2 => {
                let workspaces = random.pick(&[
                    "[\"inner\"]",
                    "[\"*\"]",
                    "{\"packages\":[\"./inner/\"]}",
                    "[\"none\"]",
                    "\"inner\"",
                    "[]",
                    "[\"*\", \"!inner\"]",
                ]);
                self.file(
                    &format!("{root}/work/package.json"),
                    &format!("{{\"name\":\"root\",\"workspaces\":{workspaces}}}"),
                );
                self.file(
                    &format!("{root}/work/inner/package.json"),
                    random.pick(&["{\"name\":\"inner\"}", "{}"]),
                );
                if random.chance(50) {
                    self.file(
                        &format!("{root}/work/inner/.npmrc"),
                        "registry=http://inner.test/\n",
                    );
                }
                if random.chance(80) {
                    self.cwd = format!("{root}/work/inner");
                }
            }
            _ => self.file(&format!("{root}/work/package.json"), "{}"),
        }
        if random.chance(10) {
            self.cwd = format!("{root}/work/inner");
        }
        self.file(&format!("{root}/work/cert.pem"), "certificate\r\n");
        self.file(&format!("{root}/work/key.pem"), "key");
        self.file(
            &format!("{root}/work/ca.pem"),
            "-----BEGIN CERTIFICATE-----\r\nAA\r\n-----END CERTIFICATE-----\n\n -----BEGIN CERTIFICATE-----\nBB\n-----END CERTIFICATE-----\n",
        );
    }

    fn file(&mut self, path: &str, text: &str) {
        std::fs::write(path, text).unwrap();
        self.files.push((path.to_owned(), text.to_owned()));
    }

    /// Writes the package itself into the working directory.
    pub(crate) fn write_package(&mut self) {
        let mut manifest = json!({ "name": self.name, "version": "1.0.0" });
        if let Some(own) = &self.publish_config {
            manifest["publishConfig"] = own.clone();
        }
        self.file(&format!("{}/package.json", self.cwd), &manifest.to_string());
    }

    pub(crate) fn request(&self) -> Value {
        json!({
            "cwd": self.cwd,
            "env": self.env,
            "args": self.args,
            "node": self.node,
            "npm": self.npm,
            "name": self.name,
            "publishConfig": self.publish_config,
        })
        .as_object()
        .map(|members| {
            let mut members = members.clone();
            if self.publish_config.is_none() {
                members.remove("publishConfig");
            }
            Value::Object(members)
        })
        .unwrap()
    }

    pub(crate) fn describe(&self) -> String {
        let mut text = format!(
            "  cwd {}\n  args {:?}\n  env {:?}\n  package {} {:?}\n",
            self.cwd, self.args, self.env, self.name, self.publish_config
        );
        for (path, content) in &self.files {
            let _ = writeln!(text, "  {path}: {content:?}");
        }
        text
    }
}

/// Random text with the characters that mean something.
pub(crate) fn ini_text(random: &mut Random) -> String {
    const PIECES: [&str; 46] = [
        "a",
        "b",
        "key",
        "registry",
        "a.b",
        "a\\.b",
        "=",
        "=",
        "=",
        "\n",
        "\n",
        "\n",
        "\r\n",
        "\r",
        "[",
        "]",
        "[a]",
        "[a.b]",
        "[a.b.c]",
        "[key]",
        "[]",
        "[]",
        ";",
        "#",
        "\\",
        "\"",
        "'",
        "\"x\"",
        "'1'",
        "'[1,2]'",
        "'{\"z\":1}'",
        "null",
        "true",
        "false",
        " ",
        "\t",
        "\u{feff}",
        "\u{2028}",
        "\u{85}",
        "\u{a0}",
        "0",
        "10",
        "2",
        "__proto__",
        "length",
        "é",
    ];
    let mut text = String::new();
    for _ in 0..random.below(30) {
        text.push_str(random.pick(&PIECES));
    }
    text
}
