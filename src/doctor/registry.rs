//! Whether the registry answers, and what time it has.

use std::time::{Duration, SystemTime};

use super::{Checkup, Subject};
use crate::error::Error;
use crate::publish::Authority;
use crate::registry::{Client, Outcome, RequestError, TransportError};

/// What is worth a word.
const NOTICED_SKEW: Duration = Duration::from_mins(1);

/// Asks the registry without credentials; whether it answers.
pub(super) async fn examine_clock(subject: &Subject<'_>, checkup: &mut Checkup) -> bool {
    let name = "clock";
    // Nobody's name needs no asking.
    let Ok(nobody) = Authority::Missing.obtain(subject.tokens, subject.log).await else {
        return false;
    };
    let options = subject.client.clone();
    let client = Client::new(subject.url.clone(), options, nobody.as_ref(), subject.log);
    let theirs = match client.server_time().await {
        Ok(Some(theirs)) => theirs,
        Ok(None) => {
            checkup.skip(name, "the registry does not say what time it has");
            return true;
        }
        Err(error) => {
            checkup.fail(name, &unreachable(error));
            return false;
        }
    };
    let ours = SystemTime::now();
    let (skew, way) = match ours.duration_since(theirs) {
        Ok(skew) => (skew, "ahead of"),
        Err(error) => (error.duration(), "behind"),
    };
    let text = format!(
        "this machine's clock is {} seconds {way} the registry's",
        skew.as_secs()
    );
    if skew < NOTICED_SKEW {
        checkup.ok(name, "the registry answers, and has the same time");
    } else {
        // The AWS SDK signs by AWS's time once it was told; what else signs or checks here does not.
        let next = "set this machine's clock: certificates and other clients' signatures go by it";
        checkup.warn(name, text, Some(next.to_owned()));
    }
    true
}

/// A registry that does not answer, in the words of a publish.
fn unreachable(error: RequestError) -> Error {
    match error {
        RequestError::Transport(TransportError::NotSent { host, reason }) => {
            Error::Outcome(Outcome::Unreachable {
                reason: format!("cannot connect to {host}: {reason}"),
            })
        }
        error => error.into(),
    }
}
