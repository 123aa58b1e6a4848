//! `repository`, and `bugs` and `homepage`, which npm derives from it.
//!
//! Source: @npmcli/package-json 7.0.5 `normalize.js` (`fixRepositoryField`), `normalize-data.js` (`fixBugsField`,
//! `fixHomepageField`).

use serde_json::{Map, Value};

use super::corrections::Corrections;
use super::hosted_git::HostedGit;
use super::json::text;
use super::{ManifestError, javascript, web_url};

/// Takes the first of `repositories`, makes a string an object and normalises the URL of a known host.
pub(crate) fn fix(
    map: &mut Map<String, Value>,
    corrections: &mut Corrections,
) -> Result<(), ManifestError> {
    if let Some(repositories) = map
        .get("repositories")
        .filter(|list| javascript::truthy(Some(list)))
    {
        let first = match repositories {
            Value::Array(list) => list.first().cloned(),
            Value::Object(map) => map.get("0").cloned(),
            Value::String(line) => text::units(line)
                .get(..1)
                .map(|unit| Value::String(text::from_units(unit))),
            Value::Null | Value::Bool(_) | Value::Number(_) => None,
        };
        corrections
            .push_quoting(map.get("repository"), |repository| {
                format!(
                    "\"repository\" was set to the first entry in \"repositories\" ({repository})"
                )
            })
            .map_err(|error| error.in_field("repository"))?;
        match first {
            Some(first) => javascript::assign(map, "repository", first),
            None => {
                map.shift_remove("repository");
            }
        }
    }
    if let Some(Value::String(url)) = map
        .get("repository")
        .filter(|repository| javascript::truthy(Some(repository)))
    {
        corrections.push("\"repository\" was changed from a string to an object");
        let mut repository = Map::new();
        let url = Value::String(url.clone());
        repository.insert("type".to_owned(), Value::String("git".to_owned()));
        repository.insert("url".to_owned(), url);
        javascript::assign(map, "repository", Value::Object(repository));
    }
    if let Some(hosted) = hosted(map) {
        let normal = if hosted.is_shortcut() {
            hosted.https()
        } else {
            hosted.to_text()
        };
        if let Some(Value::Object(repository)) = map.get_mut("repository")
            && repository.get("url").and_then(Value::as_str) != Some(normal.as_str())
        {
            corrections.push(&format!(
                "\"repository.url\" was normalized to \"{normal}\""
            ));
            javascript::assign(repository, "url", Value::String(normal.clone()));
            set_first_url(map, normal);
        }
    }
    Ok(())
}

/// In npm the repository and the first of `repositories` are one object, so that both show the normal URL.
fn set_first_url(map: &mut Map<String, Value>, url: String) {
    let first = match map.get_mut("repositories") {
        Some(Value::Array(list)) => list.first_mut(),
        Some(Value::Object(list)) => list.get_mut("0"),
        _ => None,
    };
    if let Some(Value::Object(first)) = first {
        javascript::assign(first, "url", Value::String(url));
    }
}

fn hosted(map: &Map<String, Value>) -> Option<HostedGit> {
    javascript::member(map.get("repository"), "url")?
        .as_str()
        .and_then(HostedGit::from_url)
}

/// Derives `bugs` from the repository if absent, else keeps of it a valid URL and a valid e-mail address.
pub(crate) fn fix_bugs(map: &mut Map<String, Value>) -> Result<(), ManifestError> {
    let mut bugs = Map::new();
    match map.get("bugs") {
        absent if !javascript::truthy(absent) => {
            if let Some(page) = hosted(map).and_then(|hosted| hosted.bugs()) {
                bugs.insert("url".to_owned(), Value::String(page));
                javascript::assign(map, "bugs", Value::Object(bugs));
            }
            return Ok(());
        }
        Some(given @ Value::String(line)) => {
            if is_email(line) {
                bugs.insert("email".to_owned(), given.clone());
            } else if is_url(line) {
                bugs.insert("url".to_owned(), given.clone());
            }
        }
        Some(Value::Object(given)) => {
            // `web` and `name` stand in for `url`; the last of them wins over it.
            let stand_in = given
                .iter()
                .rfind(|(key, _)| matches!(key.as_str(), "web" | "name"));
            let url = stand_in
                .map(|(_, value)| value)
                .or_else(|| given.get("url"));
            if let Some(url) = url.filter(|url| javascript::truthy(Some(url)))
                && is_url(&javascript::to_text(Some(url)).map_err(|error| error.in_field("bugs"))?)
            {
                bugs.insert("url".to_owned(), url.clone());
            }
            if let Some(email) = given
                .get("email")
                .and_then(Value::as_str)
                .filter(|email| is_email(email))
            {
                bugs.insert("email".to_owned(), Value::String(email.to_owned()));
            }
        }
        _ => {}
    }
    if bugs.is_empty() {
        map.shift_remove("bugs");
    } else {
        javascript::assign(map, "bugs", Value::Object(bugs));
    }
    Ok(())
}

/// Derives `homepage` from the repository if absent; removes what is no string, makes what is no URL one.
pub(crate) fn fix_homepage(map: &mut Map<String, Value>) {
    if !javascript::truthy(map.get("homepage"))
        && let Some(hosted) = hosted(map)
    {
        javascript::assign(map, "homepage", Value::String(hosted.docs()));
    }
    match map.get("homepage") {
        Some(Value::String(page)) if page.is_empty() || is_url(page) => {}
        Some(Value::String(page)) => {
            let page = format!("http://{page}");
            javascript::assign(map, "homepage", Value::String(page));
        }
        Some(other) if javascript::truthy(Some(other)) => {
            map.shift_remove("homepage");
        }
        _ => {}
    }
}

/// npm's idea of an e-mail address: an `@`, and a dot somewhere behind it.
fn is_email(text: &str) -> bool {
    text.find('@')
        .is_some_and(|at| text.rfind('.').is_some_and(|dot| at < dot))
}

/// `URL.canParse`.
fn is_url(kept: &str) -> bool {
    web_url::parse(&text::plain_lossy(kept)).is_some()
}
