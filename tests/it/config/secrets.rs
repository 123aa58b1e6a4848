//! No message and no debug output of a configuration shows a credential.

use std::fmt::Write as _;

use consign::config::{Config, Flags};
use consign::registry::Registry;
use consign::registry::credentials::{self, Credentials};

use super::answer::{case_environment, case_installation};
use super::generate::{Case, Profile};
use crate::support::{Random, campaign};

#[test]
fn no_secret_is_shown() {
    const SECRETS: [&str; 6] = [
        "planted-token",
        "planted-word",
        "planted-user",
        "cGFzcw",
        "dXNlcjpwYXNz",
        "quoted # token",
    ];
    let (cases, seed) = campaign(300);
    for number in 0..cases {
        let directory = tempfile::tempdir().unwrap();
        let root = std::fs::canonicalize(directory.path()).unwrap();
        let case = Case::generate(
            &mut Random::of_case(seed, number),
            &root,
            &Profile::Everything,
        );
        let shown = everything_shown(&case);
        for secret in SECRETS {
            assert!(
                !shown.contains(secret),
                "seed {seed}, case {number} shows {secret}: {shown}"
            );
        }
    }
}

/// All that debug output, messages, hints and warnings of a configuration say.
fn everything_shown(case: &Case) -> String {
    let environment = case_environment(case);
    let mut shown = format!("{environment:?}");
    let flags = match Flags::parse(case.args.clone(), &environment) {
        Ok(flags) => flags,
        Err(error) => return format!("{shown}{error}{error:?}{:?}", error.hint()),
    };
    let _ = write!(shown, "{:?}{:?}", flags.values, flags.warnings);
    let config = match Config::load_with(&environment, flags, case_installation(case)) {
        Ok(config) => config,
        Err(error) => return format!("{shown}{error}{error:?}{:?}", error.hint()),
    };
    let _ = write!(
        shown,
        "{config:?}{:?}{:?}",
        config.warnings(),
        config.settings()
    );
    let flat = match case
        .publish_config
        .as_ref()
        .map(|own| config.flat_with(own))
    {
        None => config.flat().clone(),
        Some(Ok(flat)) => flat,
        Some(Err(error)) => return format!("{shown}{error}{error:?}{:?}", error.hint()),
    };
    let _ = write!(shown, "{flat:?}{:?}", config.request_settings(&flat));
    let scope = case.name.split_once('/').map(|(scope, _)| scope);
    let registry = match Registry::choose(&flat, scope) {
        Ok(registry) => registry,
        Err(error) => return format!("{shown}{error}{error:?}{:?}", error.hint()),
    };
    let diagnosis = consign::registry::diagnosis::explain(&config, &flat, &registry);
    let _ = write!(
        shown,
        "{registry:?}{}{diagnosis}{diagnosis:?}",
        registry.url
    );
    let _ = write!(shown, "{:?}", credentials::check(&config, &registry.url));
    if let Ok(address) = registry.url.request("name") {
        let found = Credentials::for_request(&config, &flat, &address, scope);
        let _ = write!(shown, "{found:?}");
        if let Err(error) = &found {
            let _ = write!(shown, "{error}{:?}", error.hint());
        }
        if let Ok(found) = &found {
            let remark = consign::registry::diagnosis::unset_variables(found);
            let _ = write!(shown, "{remark:?}");
        }
    }
    shown
}
