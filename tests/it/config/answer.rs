//! What the library makes of a generated configuration, in the judge's form.

use std::path::Path;

use consign::config::{
    Authorities, Config, ConfigError, ConfigValue, Flags, Flat, Installation, Layer, user_agent,
};
use consign::environment::Environment;
use consign::registry::credentials::{self, Check, CredentialError, Credentials};
use consign::registry::{Registry, RegistryUrl};
use serde_json::{Map, Value, json};

use super::generate::Case;

/// The Node and npm the judge is told of.
pub(super) fn case_installation(case: &Case) -> Installation {
    Installation {
        node: Some(case.node.clone().into()),
        npm: Some(case.npm.clone().into()),
    }
}

pub(super) fn case_environment(case: &Case) -> Environment {
    Environment::new(
        case.env
            .iter()
            .map(|(name, value)| (name.into(), value.into())),
        &case.cwd,
        &case.home,
    )
}

/// Our answer in the judge's form.
pub(super) fn answer(case: &Case) -> Value {
    let mut result = Map::new();
    if let Err((code, message)) = fill(case, &mut result) {
        result.insert("error".into(), json!(code));
        result.insert("message".into(), json!(message));
    }
    Value::Object(result)
}

pub(super) type Failure = (Option<&'static str>, String);

pub(super) fn config_failure(error: &ConfigError) -> Failure {
    (error.code(), error.to_string())
}

fn credential_failure(error: &CredentialError) -> Failure {
    (error.code(), error.to_string())
}

fn fill(case: &Case, result: &mut Map<String, Value>) -> Result<(), Failure> {
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
    let exported: Map<String, Value> = config
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
    let mut values = Map::new();
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
        let agent = user_agent(&flat, &environment, "NODE");
        result.insert("userAgent".into(), json!(agent));
    }
    let mut flattened = Map::new();
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
    let authorities = flat.authorities();
    if matches!(authorities, Authorities::File(_)) {
        let certificates = match authorities.read().unwrap() {
            Authorities::Pem(certificates) => json!(*certificates),
            _ => json!([]),
        };
        flattened.insert("ca".into(), certificates);
    }
    result.insert("flat".into(), Value::Object(flattened));
    fill_credentials(case, &config, &flat, result)
}

/// The registry's part of the answer.
pub(super) fn fill_credentials(
    case: &Case,
    config: &Config,
    flat: &Flat,
    result: &mut Map<String, Value>,
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
pub(super) fn shown(value: &ConfigValue) -> Value {
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
