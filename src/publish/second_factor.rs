//! One-time passwords, got from somebody while a publish waits.
//!
//! Source: npm 11.19.1 `lib/utils/auth.js`, npm-profile 12 `webAuthOpener`.

use std::io;
use std::time::Duration;

use tokio::time::sleep;
use url::Url;

use crate::registry::challenge::{Challenge, WebLogin};
use crate::registry::{Client, OneTimePassword, RequestError};

/// Between two looks whether somebody has signed in, where the registry names no time.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);
/// No registry is asked more often, whatever it says.
const SHORTEST_WAIT: Duration = Duration::from_millis(100);

/// Somebody in front of a terminal.
pub trait SecondFactor {
    /// Asks for a code.
    ///
    /// # Errors
    /// Whatever the terminal says; its end among it.
    fn code(&self) -> io::Result<OneTimePassword>;

    /// Shows where to sign in, and returns at once.
    ///
    /// # Errors
    /// Whatever the terminal says.
    fn show(&self, address: &Url) -> io::Result<()>;
}

/// Why no password was got.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoPassword {
    #[error("no one-time password was given: {0}")]
    Terminal(#[from] io::Error),
    #[error(transparent)]
    Request(#[from] RequestError),
}

/// Gets what a challenge asks for; `None` where nobody can be asked, or a password is not what it asks for.
pub(super) async fn answer(
    challenge: &Challenge,
    somebody: Option<&dyn SecondFactor>,
    client: &Client<'_>,
) -> Result<Option<OneTimePassword>, NoPassword> {
    let (Challenge::OneTimePassword(web), Some(somebody)) = (challenge, somebody) else {
        return Ok(None);
    };
    let Some(WebLogin { auth_url, done_url }) = web.as_deref() else {
        return Ok(Some(somebody.code()?));
    };
    somebody.show(auth_url)?;
    loop {
        match client.web_token(done_url).await? {
            Ok(password) => return Ok(Some(password)),
            Err(wait) => sleep(wait.unwrap_or(BETWEEN_LOOKS).max(SHORTEST_WAIT)).await,
        }
    }
}
