//! The clients, and how each is told to do the same.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::ValueEnum;

use crate::case::{Case, Job};
use crate::measure::{Measured, Shipped, measure};
use crate::{Ground, Result};

/// A client under measurement.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Client {
    /// This project.
    Consign,
    /// npm, started as `node npm-cli.js`.
    Npm,
    /// bun's binary.
    Bun,
    /// pnpm's binary.
    Pnpm,
}

impl fmt::Display for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Consign => "consign",
            Self::Npm => "npm",
            Self::Bun => "bun",
            Self::Pnpm => "pnpm",
        })
    }
}

impl Client {
    /// Whether it has that job at all: npm builds the document as one string and fails above 0.4 GB, and bun packs one
    /// package at a time.
    pub(crate) fn can(self, case: Case, job: Job) -> bool {
        match (self, case) {
            (Self::Npm, Case::Huge) => false,
            (Self::Bun, Case::Members) => job == Job::Publish,
            _ => true,
        }
    }

    /// Its program, without arguments.
    pub(crate) fn program(self, ground: &Ground) -> Command {
        let installed = ground.root.join("tests/peers/.installed");
        match self {
            Self::Consign => Command::new(&ground.consign),
            Self::Npm => {
                let mut command = Command::new("node");
                command.arg(installed.join("clients/node_modules/npm/bin/npm-cli.js"));
                command
            }
            Self::Bun => {
                Command::new(fs::canonicalize(installed.join("bin/bun")).unwrap_or_default())
            }
            Self::Pnpm => {
                Command::new(fs::canonicalize(installed.join("bin/pnpm")).unwrap_or_default())
            }
        }
    }

    /// Does the job once, in a home of its own, and says what it took and what it made.
    pub(crate) fn run(self, ground: &Ground, case: Case, job: Job) -> Result<Measured> {
        let package = ground.root.join("benches/peers/.corpus").join(case.name());
        let home = tempfile::Builder::new()
            .prefix("consign-bench-")
            .tempdir()?;
        let destination = home.path().join("packed");
        fs::create_dir(&destination)?;
        fs::create_dir(home.path().join("tmp"))?;
        let url = ground.registry.url();
        let (_scheme, host) = url.split_once(':').unwrap_or_default();
        fs::write(
            home.path().join(".npmrc"),
            format!("registry={url}\n{host}:_authToken=token\n"),
        )?;

        let mut command = self.program(ground);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", home.path())
            .env("TMPDIR", home.path().join("tmp"))
            .env("LANG", "C.UTF-8")
            .env("npm_config_cache", home.path().join("npm-cache"))
            .env("npm_config_update_notifier", "false")
            .current_dir(&package);
        self.arguments(&mut command, case, job, &destination);

        ground.registry.forget();
        let usage = measure(&mut command, &home.path().join("said"))?;
        let shipped = match job {
            Job::Pack => Shipped::files(&tarballs_in(&destination)?)?,
            Job::Publish => ground.registry.received(),
        };
        let expected = if case == Case::Members { 200 } else { 1 };
        if shipped.tarballs != expected {
            let said = fs::read_to_string(home.path().join("said")).unwrap_or_default();
            return Err(format!("{command:?} made {} tarballs:\n{said}", shipped.tarballs).into());
        }
        Ok(usage.made(shipped, ground.registry.first_byte()))
    }

    fn arguments(self, command: &mut Command, case: Case, job: Job, destination: &Path) {
        let members = case == Case::Members;
        match (self, job) {
            (Self::Consign | Self::Npm, Job::Pack) => {
                command
                    .arg("pack")
                    .arg("--pack-destination")
                    .arg(destination);
            }
            (Self::Bun, Job::Pack) => {
                command
                    .args(["pm", "pack", "--destination"])
                    .arg(destination);
            }
            (Self::Pnpm, Job::Pack) => {
                if members {
                    // Not `--recursive`, which packs the root too.
                    command.args(["--filter", "./packages/*"]);
                }
                command
                    .arg("pack")
                    .arg("--pack-destination")
                    .arg(destination);
            }
            (Self::Consign | Self::Npm, Job::Publish) => {
                command.arg("publish");
            }
            (Self::Bun, Job::Publish) => {
                command.arg("publish");
                if members {
                    command.arg("--recursive");
                }
            }
            (Self::Pnpm, Job::Publish) => {
                if members {
                    command.arg("--recursive");
                }
                command.args(["publish", "--no-git-checks"]);
            }
        }
        if members && matches!(self, Self::Consign | Self::Npm) {
            command.arg("--workspaces");
        }
    }
}

fn tarballs_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        paths.push(entry?.path());
    }
    paths.sort();
    Ok(paths)
}
