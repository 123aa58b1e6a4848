//! `man`: the manual pages of a package.
//!
//! Source: @npmcli/package-json 7.0.5 `normalize.js` (step `mans`, `normalizePackageMan`).

use serde_json::{Map, Value};

use super::files::Beside;
use super::json::text;
use super::{ManifestError, bin, javascript, posix};

/// Fills `man` from `directories.man` if there is none, and makes it a list of paths inside the package.
pub(crate) fn fill_and_normalize(
    beside: Beside<'_>,
    map: &mut Map<String, Value>,
) -> Result<(), ManifestError> {
    let man_directory = javascript::member(map.get("directories"), "man")
        .filter(|value| javascript::truthy(Some(value)));
    if let Some(man_directory) = man_directory
        && !javascript::truthy(map.get("man"))
    {
        let Value::String(man_directory) = man_directory else {
            return Err(bin::not_replaceable().in_field("directories"));
        };
        let man_directory = posix::inside_package(man_directory);
        let pages = beside
            .walk(&man_directory)?
            .into_iter()
            .filter(|path| is_page(posix::basename(path)))
            .map(|path| Value::String(posix::join(&man_directory, &text::escape(&path))))
            .collect();
        javascript::assign(map, "man", Value::Array(pages));
    }
    let given = map.get("man").filter(|man| javascript::truthy(Some(man)));
    let pages: Vec<Value> = match given {
        Some(Value::Array(pages)) => pages.iter().filter_map(clean).collect(),
        Some(page) => clean(page).into_iter().collect(),
        None => Vec::new(),
    };
    if pages.is_empty() {
        map.shift_remove("man");
    } else {
        javascript::assign(map, "man", Value::Array(pages));
    }
    Ok(())
}

/// Whether a file name matches `*.[0-9]`.
fn is_page(name: &str) -> bool {
    let mut end = name.chars().rev();
    end.next().is_some_and(|last| last.is_ascii_digit()) && end.next() == Some('.')
}

fn clean(page: &Value) -> Option<Value> {
    page.as_str()
        .map(|path| Value::String(posix::inside_package(path)))
}
