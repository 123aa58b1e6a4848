//! One question to a registry, with whatever credentials there are for it.

use bytes::Bytes;
use url::Url;

use super::connection::Connection;
use super::place::Place;
use super::run::Run;
use crate::error::Error;
use crate::publish::Authority;
use crate::registry::Client;
use crate::registry::diagnosis::explain;

/// Asks for `path` below the registry of a place.
///
/// With `needs_login`, a registry without credentials is not asked: that is npm's `ENEEDAUTH`.
pub(super) async fn ask(run: &Run<'_>, place: &Place, question: Question) -> Result<Bytes, Error> {
    let session = run.session;
    let printer = &session.printer;
    let flat = session.config.flat();
    let settings = session.config.request_settings(flat)?;
    let url = &place.registry.url;
    let endpoint = place.endpoint.clone();
    let mut authority = Authority::find(&session.config, flat, url, endpoint, None, printer)?;
    if matches!(authority, Authority::Missing) && !question.needs_login {
        authority = Authority::unchecked(&session.config, flat, None);
    }
    if matches!(authority, Authority::Missing) {
        return Err(Error::Refused {
            code: Some("ENEEDAUTH"),
            message: "This command requires you to be logged in.".into(),
            hint: Some(explain(&session.config, flat, &place.registry).to_string()),
        });
    }
    let authorize = authority.obtain(&run.tokens, printer).await?;
    let connection = Connection {
        session,
        flat,
        settings: &settings,
        scope: None,
        url: url.url(),
    };
    let options = connection.options(question.command)?;
    let client = Client::new(url.clone(), options, authorize.as_ref(), printer);
    Ok(client.get(question.path).await?)
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question {
    /// npm's command of that name.
    pub(super) command: &'static str,
    /// Below the registry, without a slash before it.
    pub(super) path: &'static str,
    pub(super) needs_login: bool,
}

/// A registry's address as it may be shown.
pub(super) fn shown(url: &Url) -> String {
    crate::registry::client::shown(url)
}
