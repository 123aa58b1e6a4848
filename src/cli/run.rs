//! One run of a command that speaks to a registry.

use tokio::runtime::Runtime;

use super::aws;
use super::place::Place;
use super::session::{Session, current_thread};
use crate::codeartifact::{Aws, Tokens};
use crate::error::Error;
use crate::publish::PUBLISH_TOKEN;

/// One runtime, and one token for each domain, for all that the command asks for.
pub(super) struct Run<'a> {
    pub(super) session: &'a Session<'a>,
    pub(super) tokens: Tokens,
    runtime: Runtime,
}

impl<'a> Run<'a> {
    /// Nothing is asked of anybody yet.
    pub(super) fn start(session: &'a Session<'a>) -> Result<Self, Error> {
        let options = aws::options(session)?.with_default_duration(PUBLISH_TOKEN);
        Ok(Self {
            session,
            tokens: Tokens::new(Aws::new(options)),
            runtime: current_thread()?,
        })
    }

    /// Waits for something from the network.
    pub(super) fn wait<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// The registry of no package in particular.
    pub(super) async fn place(&self) -> Result<Place, Error> {
        let flat = self.session.config.flat();
        Place::choose(self.session, flat, None, self.tokens.aws()).await
    }
}
