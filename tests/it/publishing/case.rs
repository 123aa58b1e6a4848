//! One publish: the package, the configuration, the command line, and what the registry holds.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use super::registry::Holds;
use crate::manifest::case::Case as Package;

#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) package: Package,
    /// What follows `publish`.
    pub(crate) arguments: Vec<String>,
    pub(crate) variables: Vec<(String, String)>,
    /// Lines of the project's `.npmrc`.
    pub(crate) npmrc: Vec<String>,
    /// Whether it is run beside the package, which is then named.
    pub(crate) is_named: bool,
    /// Whether the folder above is a workspace root, in which the package is named by `--workspace`.
    pub(crate) is_member: bool,
    /// The registry's path: `/`, or one with and without a slash at its end.
    pub(crate) path: &'static str,
    /// Whether the user has a token for it.
    pub(crate) has_token: bool,
    pub(crate) holds: Holds,
}

/// Where a case was written to.
pub(super) struct Place {
    pub(super) cwd: PathBuf,
    pub(super) variables: Vec<(String, String)>,
}

impl Case {
    /// A package that is published from its directory to an empty registry.
    pub(crate) fn new(package_json: &str, files: &[(&str, &str)]) -> Self {
        Self {
            package: Package::new(package_json, files),
            arguments: Vec::new(),
            variables: Vec::new(),
            npmrc: Vec::new(),
            is_named: false,
            is_member: false,
            path: "/",
            has_token: true,
            holds: Holds::nothing(),
        }
    }

    /// The same, as the member of a workspace root.
    pub(crate) fn member(package_json: &str) -> Self {
        Self {
            is_member: true,
            ..Self::new(package_json, &[])
        }
    }

    /// The same, with these arguments.
    pub(crate) fn with(mut self, arguments: &[&str]) -> Self {
        self.arguments = arguments.iter().map(|&one| one.to_owned()).collect();
        self
    }

    /// The same, with a registry that holds this.
    pub(crate) fn against(mut self, holds: Holds) -> Self {
        self.holds = holds;
        self
    }

    /// Writes all files; `registry` is its address without a slash at its end.
    pub(super) fn write(&self, root: &Path, registry: &str) -> Place {
        let package = self.package.write(root);
        let cwd = if self.is_named {
            root.to_owned()
        } else {
            package
        };
        if self.is_member {
            let workspace = r#"{"name": "root", "version": "1.0.0", "workspaces": ["p"]}"#;
            fs::write(root.join("package.json"), workspace).unwrap();
        }
        let home = root.join("home");
        for folder in ["home", "cache", "prefix"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        let (_, host) = registry.split_once(':').unwrap();
        let mut npmrc = format!("registry={registry}{}\n", self.path);
        if self.has_token {
            // npm's check wants the key of the directory that the registry is in.
            let directory = &self.path[..=self.path.rfind('/').unwrap()];
            let key = format!("{host}{directory}:_authToken");
            npmrc.push_str(&[&key, "=planted-token\n"].concat());
        }
        fs::write(home.join(".npmrc"), npmrc).unwrap();
        if !self.npmrc.is_empty() {
            let lines = self
                .npmrc
                .join("\n")
                .replace("REGISTRY", registry)
                .replace("HOST", host);
            // A generated file may have that name already, or none can be written there.
            let _ = fs::write(cwd.join(".npmrc"), lines);
        }
        let text = |path: &str| root.join(path).to_str().unwrap().to_owned();
        let mut variables = vec![
            ("PATH".to_owned(), std::env::var("PATH").unwrap()),
            ("HOME".to_owned(), text("home")),
            ("PREFIX".to_owned(), text("prefix")),
            ("LANG".to_owned(), "C.UTF-8".to_owned()),
            ("npm_config_cache".to_owned(), text("cache")),
            ("npm_config_logs_max".to_owned(), "0".to_owned()),
            ("npm_config_fetch_retries".to_owned(), "0".to_owned()),
        ];
        variables.extend(self.variables.iter().cloned());
        Place { cwd, variables }
    }

    /// Leaves out whatever can be left out while `differs` stays true.
    pub(super) fn shrink(&self, mut differs: impl FnMut(&Self) -> bool) -> Self {
        let mut smallest = self.clone();
        let mut attempt = |smallest: &mut Self, change: &dyn Fn(&mut Self)| {
            let mut smaller = smallest.clone();
            change(&mut smaller);
            if differs(&smaller) {
                *smallest = smaller;
            }
        };
        attempt(&mut smallest, &|case| case.holds = Holds::nothing());
        attempt(&mut smallest, &|case| case.path = "/");
        attempt(&mut smallest, &|case| case.is_named = false);
        attempt(&mut smallest, &|case| case.is_member = false);
        for index in (0..smallest.arguments.len()).rev() {
            attempt(&mut smallest, &|case| drop(case.arguments.remove(index)));
        }
        for index in (0..smallest.variables.len()).rev() {
            attempt(&mut smallest, &|case| drop(case.variables.remove(index)));
        }
        for index in (0..smallest.npmrc.len()).rev() {
            attempt(&mut smallest, &|case| drop(case.npmrc.remove(index)));
        }
        let package = smallest.package.shrink(|package| {
            differs(&Self {
                package: package.clone(),
                ..smallest.clone()
            })
        });
        Self {
            package,
            ..smallest
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            formatter,
            "publish {:?} {:?} .npmrc {:?}, {}{}, registry at {} holds {:?}",
            self.arguments,
            self.variables,
            self.npmrc,
            if self.is_named { "beside p" } else { "in p" },
            if self.is_member { ", a member" } else { "" },
            self.path,
            self.holds
        )?;
        write!(formatter, "{}", self.package)
    }
}
