//! Generated configurations, read by consign and by npm's own modules.
//!
//! `CONSIGN_DIFFERENTIAL_CASES` sets how many, `CONSIGN_DIFFERENTIAL_SEED` where to begin. A case
//! that fails prints its seed and its files.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a failure here is a failed test"
)]

#[path = "differential/generator.rs"]
mod generator;
#[path = "differential/judge.rs"]
mod judge;
#[path = "differential/recording.rs"]
mod recording;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use consign::config::{Config, ConfigValue, Flags, Flat, Installation, Layer};
use consign::environment::Environment;
use consign::registry::credentials::{self, Check, CredentialError, Credentials};
use consign::registry::{Registry, RegistryUrl};
use generator::{Case, Profile, Random};
use judge::Judge;
use serde_json::{Value, json};

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

#[test]
fn registry_credentials_and_refusals_are_npms() {
    let Some(mut judge) = Judge::start("config.mjs") else {
        return;
    };
    let cases = number("CONSIGN_DIFFERENTIAL_CASES", 150);
    let first = number("CONSIGN_DIFFERENTIAL_SEED", 1);
    let mut outcomes: BTreeMap<String, u64> = BTreeMap::new();
    let mut failures = Vec::new();
    for seed in first..first + cases {
        let directory = tempfile::tempdir().unwrap();
        let root = std::fs::canonicalize(directory.path()).unwrap();
        let case = Case::generate(&mut Random::new(seed), &root, &Profile::Everything);
        let theirs = judge.ask(&case.request());
        let ours = answer(&case);
        let differences = compare(&ours, &theirs);
        *outcomes.entry(kind(&theirs)).or_default() += 1;
        if !differences.is_empty() {
            failures.push(format!(
                "seed {seed}:\n  {}\n{}",
                differences.join("\n  "),
                case.describe()
            ));
        }
    }
    println!("{cases} configurations: {outcomes:?}");
    assert!(
        failures.is_empty(),
        "{} of {cases} differ\n{}",
        failures.len(),
        failures
            .iter()
            .take(number("CONSIGN_DIFFERENTIAL_SHOWN", 5).try_into().unwrap())
            .cloned()
            .collect::<Vec<_>>()
            .join("\n")
    );
}

#[test]
fn ini_text_is_read_as_npm_reads_it() {
    let Some(mut judge) = Judge::start("config.mjs") else {
        return;
    };
    let cases = number("CONSIGN_DIFFERENTIAL_CASES", 2000);
    let first = number("CONSIGN_DIFFERENTIAL_SEED", 1);
    for seed in first..first + cases {
        let text = generator::ini_text(&mut Random::new(seed));
        let theirs = judge.ask(&json!({ "ini": text }));
        let ours = match consign::config::parse_npmrc(&text) {
            Ok(file) => {
                let members = file
                    .entries
                    .iter()
                    .map(|entry| (entry.key.clone(), shown(&entry.value)))
                    .collect();
                json!({ "parsed": Value::Object(members) })
            }
            Err(_) => json!({ "error": true }),
        };
        if theirs.get("error").is_some() {
            assert!(
                ours.get("error").is_some(),
                "seed {seed}: npm fails with {theirs} on {text:?}, we read {ours}"
            );
        } else {
            assert_eq!(
                ours.to_string(),
                theirs.to_string(),
                "seed {seed}: {text:?}"
            );
        }
    }
}

#[test]
fn real_npm_sends_the_same_authorization() {
    let npm = std::process::Command::new("npm").arg("--version").output();
    if npm.is_err() {
        assert!(std::env::var_os("CI").is_none(), "needs npm");
        println!("skipped: needs npm");
        return;
    }
    let registry = recording::Registry::start();
    let hosts = ["127.0.0.1", "localhost"].map(|host| format!("{host}:{}", registry.port()));
    let profile = Profile::Requests(hosts.into());
    let cases = number("CONSIGN_DIFFERENTIAL_CASES", 8).min(500);
    let first = number("CONSIGN_DIFFERENTIAL_SEED", 1);
    let mut outcomes: BTreeMap<String, u64> = BTreeMap::new();
    let mut failures = Vec::new();
    for seed in first..first + cases {
        let directory = tempfile::tempdir().unwrap();
        let root = std::fs::canonicalize(directory.path()).unwrap();
        let mut case = Case::generate(&mut Random::new(seed), &root, &profile);
        case.write_package();
        // A process gets its variables sorted; which of two spellings counts depends on it.
        case.env.sort();
        let output = std::process::Command::new("npm")
            .args(&case.args)
            .current_dir(&case.cwd)
            .env_clear()
            .envs(case.env.iter().cloned())
            .output()
            .unwrap();
        let theirs = outcome_of_npm(
            &String::from_utf8_lossy(&output.stderr),
            registry.take_put(),
        );
        let ours = expected_outcome(&case);
        let kind = theirs.split(' ').next().unwrap_or_default().to_owned();
        *outcomes.entry(kind).or_default() += 1;
        let is_either = ours == "ENEEDAUTH or failure" && ours.contains(&theirs);
        if ours != theirs && !is_either {
            failures.push(format!(
                "seed {seed}: ours {ours}, npm's {theirs}\n{}{}",
                case.describe(),
                String::from_utf8_lossy(&output.stderr)
            ));
        }
    }
    println!("{cases} publishes: {outcomes:?}");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// `PUT <path> <header>`, or the code npm ends with, or `failure` for an error without one.
fn outcome_of_npm(stderr: &str, put: Option<(String, Option<String>)>) -> String {
    if let Some((path, header)) = put {
        return format!("PUT {path} {}", header.unwrap_or_else(|| "none".to_owned()));
    }
    stderr
        .lines()
        .find_map(|line| line.strip_prefix("npm error code "))
        .map_or_else(|| "failure".to_owned(), reached)
}

/// Codes that mean no registry was there to ask are one.
fn reached(code: &str) -> String {
    match code {
        "ECONNREFUSED" | "ENOTFOUND" | "EAI_AGAIN" | "EPROTO" | "ERR_SSL_WRONG_VERSION_NUMBER" => {
            "unreachable".to_owned()
        }
        other => other.to_owned(),
    }
}

fn expected_outcome(case: &Case) -> String {
    let mut result = serde_json::Map::new();
    let failed = fill_installed(case, &mut result).err();
    if let Some((None, message)) = &failed
        && message.contains(":registry` from")
    {
        // A list for a scope: npm looks for credentials first, and may stop there.
        return "ENEEDAUTH or failure".to_owned();
    }
    let text = |key: &str| result.get(key).and_then(Value::as_str);
    // The check comes before whatever goes wrong with the request.
    match (text("check"), failed) {
        (Some("missing"), _) => "ENEEDAUTH".to_owned(),
        (_, Some((code, _))) => code.map_or_else(|| "failure".to_owned(), str::to_owned),
        _ => {
            let url = url::Url::parse(text("uri").unwrap()).unwrap();
            if !url
                .host_str()
                .is_some_and(|host| matches!(host, "127.0.0.1" | "localhost"))
                || url.port().is_none()
            {
                return "unreachable".to_owned();
            }
            let query = url
                .query()
                .map_or_else(String::new, |query| format!("?{query}"));
            let header = text("header").unwrap_or("none");
            format!("PUT {}{query} {header}", url.path())
        }
    }
}

/// Our answer, with the npm that is installed.
fn fill_installed(case: &Case, result: &mut serde_json::Map<String, Value>) -> Result<(), Failure> {
    let environment = case_environment(case);
    let flags = Flags::parse(case.args.clone(), &environment).map_err(|e| config_failure(&e))?;
    let config = Config::load(&environment, flags).map_err(|error| config_failure(&error))?;
    let flat = match &case.publish_config {
        Some(own) => config
            .flat_with(own)
            .map_err(|error| config_failure(&error))?,
        None => config.flat().clone(),
    };
    fill_credentials(case, &config, &flat, result)
}

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
    for seed in 1..=number("CONSIGN_DIFFERENTIAL_CASES", 300) {
        let directory = tempfile::tempdir().unwrap();
        let root = std::fs::canonicalize(directory.path()).unwrap();
        let case = Case::generate(&mut Random::new(seed), &root, &Profile::Everything);
        let shown = everything_shown(&case);
        for secret in SECRETS {
            assert!(
                !shown.contains(secret),
                "seed {seed} shows {secret}: {shown}"
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

/// The Node and npm the judge is told of.
fn case_installation(case: &Case) -> Installation {
    Installation {
        node: Some(case.node.clone().into()),
        npm: Some(case.npm.clone().into()),
    }
}

fn case_environment(case: &Case) -> Environment {
    Environment::new(
        case.env
            .iter()
            .map(|(name, value)| (name.into(), value.into())),
        &case.cwd,
        &case.home,
    )
}

/// Our answer in the judge's form.
fn answer(case: &Case) -> Value {
    let mut result = serde_json::Map::new();
    if let Err((code, message)) = fill(case, &mut result) {
        result.insert("error".into(), json!(code));
        result.insert("message".into(), json!(message));
    }
    Value::Object(result)
}

type Failure = (Option<&'static str>, String);

fn config_failure(error: &consign::config::ConfigError) -> Failure {
    (error.code(), error.to_string())
}

fn credential_failure(error: &CredentialError) -> Failure {
    (error.code(), error.to_string())
}

fn fill(case: &Case, result: &mut serde_json::Map<String, Value>) -> Result<(), Failure> {
    let environment = case_environment(case);
    let flags = Flags::parse(case.args.clone(), &environment).map_err(|e| config_failure(&e))?;
    result.insert("positionals".into(), json!(flags.positionals));
    let config = Config::load_with(&environment, flags, case_installation(case))
        .map_err(|error| config_failure(&error))?;
    result.insert(
        "warnings".into(),
        config
            .warnings()
            .iter()
            .chain(
                case.publish_config
                    .as_ref()
                    .map(|own| config.publish_config_warnings(own))
                    .unwrap_or_default()
                    .iter(),
            )
            .map(|warning| {
                format!("{} {}", warning.prefix, warning.text)
                    .trim()
                    .to_owned()
            })
            .collect::<Vec<_>>()
            .into(),
    );
    let exported: serde_json::Map<String, Value> = config
        .exported_variables()
        .filter(|(name, value)| {
            let inherited = case.env.iter().find(|(known, _)| known == name);
            inherited.is_none_or(|(_, inherited)| inherited != value)
        })
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .collect();
    result.insert("exported".into(), Value::Object(exported));
    result.insert("localPrefix".into(), text(config.local_prefix()));
    result.insert("globalPrefix".into(), text(config.global_prefix()));
    let mut values = serde_json::Map::new();
    for (key, _) in config.layer_entries(Layer::Default) {
        values.insert(key.to_owned(), config.value(key).map_or(Value::Null, shown));
    }
    result.insert("values".into(), Value::Object(values));
    result.insert("isDefaultTag".into(), json!(config.is_default("tag")));
    let flat = match &case.publish_config {
        Some(own) => config
            .flat_with(own)
            .map_err(|error| config_failure(&error))?,
        None => config.flat().clone(),
    };
    if case.publish_config.is_none() {
        let agent = consign::config::user_agent(&flat, &environment, "NODE");
        result.insert("userAgent".into(), json!(agent));
    }
    let mut flattened = serde_json::Map::new();
    for (key, entry) in flat.entries() {
        let name = match key {
            "tag" => "defaultTag",
            "auth-type" => "authType",
            "strict-ssl" => "strictSSL",
            "https-proxy" => "httpsProxy",
            "noproxy" => "noProxy",
            "ignore-scripts" => "ignoreScripts",
            "fetch-timeout" => "timeout",
            other => other,
        };
        flattened.insert(name.to_owned(), shown(&entry.value));
    }
    result.insert("flat".into(), Value::Object(flattened));
    fill_credentials(case, &config, &flat, result)
}

/// The registry's part of the answer.
fn fill_credentials(
    case: &Case,
    config: &Config,
    flat: &Flat,
    result: &mut serde_json::Map<String, Value>,
) -> Result<(), Failure> {
    let scope = case.name.split_once('/').map(|(scope, _)| scope.to_owned());
    let registry = Registry::choose(flat, scope.as_deref())
        .map_err(|error| (error.code(), error.to_string()))?;
    result.insert("registry".into(), json!(registry.url.as_written()));
    let check = credentials::check(config, &registry.url).map_err(|e| credential_failure(&e))?;
    result.insert(
        "check".into(),
        json!(if check == Check::Present {
            "present"
        } else {
            "missing"
        }),
    );
    let address = request(&registry.url, &case.name)?;
    result.insert("uri".into(), json!(address.as_str()));
    let found = Credentials::for_request(config, flat, &address, scope.as_deref())
        .map_err(|error| credential_failure(&error))?;
    result.insert(
        "header".into(),
        found
            .authorization
            .as_ref()
            .map_or(Value::Null, |header| json!(header.header_value().expose())),
    );
    result.insert(
        "certificate".into(),
        found
            .client_certificate
            .as_ref()
            .map_or(Value::Null, |pair| {
                json!([pair.certificate, pair.key.expose()])
            }),
    );
    Ok(())
}

fn request(registry: &RegistryUrl, name: &str) -> Result<url::Url, Failure> {
    registry
        .request(&name.replace('/', "%2f"))
        .map_err(|error| (Some(error.code()), error.to_string()))
}

fn text(path: &Path) -> Value {
    json!(path.to_string_lossy())
}

/// A value in the judge's form.
fn shown(value: &ConfigValue) -> Value {
    match value {
        ConfigValue::Undefined => json!({ "$": "undefined" }),
        ConfigValue::Null => Value::Null,
        ConfigValue::Bool(value) => json!(value),
        ConfigValue::Number(number) if !number.is_finite() => {
            json!({ "$": value.to_text().unwrap() })
        }
        ConfigValue::Number(_) => serde_json::from_str(&value.to_json()).unwrap(),
        ConfigValue::String(text) => json!(text),
        ConfigValue::Array(items) => items.iter().map(shown).collect(),
        ConfigValue::Object { entries, .. } => Value::Object(
            entries
                .iter()
                .map(|(key, value)| (key.clone(), shown(value)))
                .collect(),
        ),
    }
}

/// What depends on the terminal, on npm's own place, or is kept as text.
const NOT_COMPARED: [&str; 9] = [
    "progress",
    "node-gyp",
    "editor",
    "shell",
    "unicode",
    "color",
    "before",
    "local-address",
    "init-version",
];

fn compare(ours: &Value, theirs: &Value) -> Vec<String> {
    let mut differences = Vec::new();
    let differ = |differences: &mut Vec<String>, what: &str, ours: &Value, theirs: &Value| {
        if ours != theirs {
            differences.push(format!("{what}: ours {ours}, npm's {theirs}"));
        }
    };
    let their_error = theirs.get("error").and_then(Value::as_str);
    match (their_error, ours.get("error")) {
        (None, None) => {}
        // A list is refused at once; npm looks for credentials first and may stop there.
        (Some(_), Some(_)) if theirs.get("registry").is_some_and(Value::is_array) => {}
        (Some(theirs_code), Some(code)) => {
            // An error without a code is known by its class.
            let expected = match theirs_code {
                "TypeError" | "Error" | "URIError" | "RangeError" => Value::Null,
                code => json!(code),
            };
            differ(&mut differences, "error", code, &expected);
        }
        _ => differ(
            &mut differences,
            "error",
            &json!([ours.get("error"), ours.get("message")]),
            &json!([theirs.get("error"), theirs.get("message")]),
        ),
    }
    for what in [
        "positionals",
        "localPrefix",
        "globalPrefix",
        "isDefaultTag",
        "registry",
        "check",
        "uri",
        "header",
        "certificate",
    ] {
        if their_error.is_none() || theirs.get(what).is_some() && ours.get(what).is_some() {
            differ(
                &mut differences,
                what,
                ours.get(what).unwrap_or(&Value::Null),
                theirs.get(what).unwrap_or(&Value::Null),
            );
        }
    }
    for (answer, other, side) in [(theirs, ours, "npm's"), (ours, theirs, "ours")] {
        let (Some(answer), Some(other)) = (
            answer.get("exported").and_then(Value::as_object),
            other.get("exported").and_then(Value::as_object),
        ) else {
            continue;
        };
        for (name, value) in answer.iter().filter(|(name, _)| is_exported(name)) {
            let other = other.get(name).unwrap_or(&Value::Null);
            if value != other {
                differences.push(format!("exported {name}: {side} {value}, other {other}"));
            }
        }
    }
    if let (Some(own), Some(agent), Some(version)) = (
        ours.get("userAgent"),
        theirs.get("userAgent").and_then(Value::as_str),
        theirs.get("nodeVersion").and_then(Value::as_str),
    ) {
        // The judge's npm is no real one and has no version.
        let agent = agent
            .replace(version, "NODE")
            .replace("npm/undefined", "npm/11.19.1");
        differ(&mut differences, "userAgent", own, &json!(agent));
    }
    for part in ["values", "flat"] {
        let (Some(theirs), Some(ours)) = (
            theirs.get(part).and_then(Value::as_object),
            ours.get(part).and_then(Value::as_object),
        ) else {
            continue;
        };
        for (key, value) in theirs {
            if !NOT_COMPARED.contains(&key.as_str()) {
                let own = ours.get(key).unwrap_or(&Value::Null);
                differ(&mut differences, &format!("{part} {key}"), own, value);
            }
        }
    }
    if their_error.is_none() {
        differ(
            &mut differences,
            "warnings",
            &warnings(ours),
            &warnings(theirs),
        );
    }
    differences
}

/// Whether the configuration itself decides the variable.
fn is_exported(name: &str) -> bool {
    let is_set_by_lifecycle = matches!(
        name,
        "npm_config_node_gyp"
            | "npm_config_npm_version"
            | "npm_config_global_prefix"
            | "npm_config_local_prefix"
            | "npm_config_user_agent"
    );
    // What the judge's own process decides once, at its start.
    let is_process_wide = [
        "progress",
        "editor",
        "shell",
        "unicode",
        "color",
        "local_address",
    ]
    .iter()
    .any(|key| name == format!("npm_config_{key}"));
    (name.starts_with("npm_config_") && !is_set_by_lifecycle && !is_process_wide)
        || matches!(name, "NODE_OPTIONS" | "NODE_ENV")
}

/// The warnings, without the wording of deprecations, which is ours.
fn warnings(answer: &Value) -> Value {
    let mut lines: Vec<String> = answer
        .get("warnings")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .filter(|line| !line.starts_with("config "))
        // npm shows the word even where it is a credential.
        .filter(|line| !line.ends_with("is being parsed as a normal command line argument."))
        .map(str::to_owned)
        .collect();
    lines.sort();
    lines.dedup();
    json!(lines)
}

fn kind(answer: &Value) -> String {
    match answer.get("error").and_then(Value::as_str) {
        Some(code) => code.to_owned(),
        None => format!(
            "{}, {}",
            answer.get("check").and_then(Value::as_str).unwrap_or("?"),
            answer
                .get("header")
                .and_then(Value::as_str)
                .map_or("no header", |header| header
                    .split(' ')
                    .next()
                    .unwrap_or_default())
        ),
    }
}
