//! AWS identity: where credentials come from, what tokens they buy, and who gets to see them.

mod login;
mod sources;
mod token;
mod whoami;

use std::process::Command;

use crate::support::{Home, Sandbox};

/// A sandbox with a user who may do everything and a role for everybody who can prove something.
const ROLES: &str = r#"
[[principals]]
name = "administrator"
policies = [{ Statement = [{ Effect = "Allow", Action = "*", Resource = "*" }] }]

[[principals]]
name = "other"
access_key = "AKIAIOSFODNN7EXAMPLE"
secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
policies = [{ Statement = [{ Effect = "Allow", Action = "*", Resource = "*" }] }]

[[roles]]
name = "release"
trusted_audience = "sts.amazonaws.com"
trusted_subjects = ["repo:acme/tool:ref:refs/tags/v*"]
trusted_principals = ["111122223333"]
instance_role = true
single_sign_on = true
policies = [{ Statement = [{ Effect = "Allow", Action = "*", Resource = "*" }] }]
"#;

const ROLE: &str = "arn:aws:iam::111122223333:role/release";
const OTHER: (&str, &str) = (
    "AKIAIOSFODNN7EXAMPLE",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
);

/// consign in a home, knowing where the sandbox is and nothing to prove itself with.
fn stranger(sandbox: &Sandbox, home: &Home) -> Command {
    let mut command = home.consign();
    for name in ["AWS_ENDPOINT_URL", "AWS_REGION"] {
        command.env(name, sandbox.variable(name));
    }
    command
}

/// The first user's keys.
fn with_keys<'c>(command: &'c mut Command, sandbox: &Sandbox) -> &'c mut Command {
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
        command.env(name, sandbox.variable(name));
    }
    command
}

/// `--registry` and the sandbox's.
fn registry(sandbox: &Sandbox) -> String {
    format!("--registry={}", sandbox.variable("CONSIGN_REGISTRY"))
}
