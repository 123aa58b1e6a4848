//! `application/x-www-form-urlencoded`, for queries and for the query API of STS.

use std::collections::BTreeMap;

/// Names and values; of a name that is there twice the last counts.
pub(crate) fn parse(text: &str) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(text.as_bytes())
        .into_owned()
        .collect()
}
