//! Pages: `max-results` and an opaque `next-token`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::call::Call;
use super::error::ControlError;

/// What a page holds when the caller does not say.
const DEFAULT: usize = 100;

/// One page of `items`, and the token of the next; each item comes with a key of its own.
pub(super) fn page(
    call: &Call<'_>,
    items: impl IntoIterator<Item = (String, Value)>,
) -> Result<(Vec<Value>, Option<String>), ControlError> {
    let wrong = || ControlError::field("The nextToken is not one of this listing.");
    let most = call
        .number("max-results")
        .or_else(|| call.number("maxResults"))
        .and_then(|number| usize::try_from(number).ok())
        .unwrap_or(DEFAULT);
    let mut items = items.into_iter();
    if let Some(token) = call.text("next-token").or_else(|| call.text("nextToken")) {
        let last = URL_SAFE_NO_PAD
            .decode(token)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .ok_or_else(wrong)?;
        items.find(|(key, _)| *key == last).ok_or_else(wrong)?;
    }
    let mut last = None;
    let mut taken = Vec::new();
    for (key, value) in items.by_ref().take(most) {
        last = Some(key);
        taken.push(value);
    }
    let next = items
        .next()
        .and(last)
        .map(|last| URL_SAFE_NO_PAD.encode(last));
    Ok((taken, next))
}
