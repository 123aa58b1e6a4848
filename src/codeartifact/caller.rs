//! Who AWS takes the caller for.

use super::service::{Aws, AwsError, Call};

/// The identity behind the credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// `arn:aws:sts::111122223333:assumed-role/release/consign`
    pub arn: String,
    /// The account: 12 digits.
    pub account: String,
    /// The user's or role's unique id, with the session's name.
    pub user_id: String,
    /// Where the credentials came from, in words.
    pub source: String,
}

impl Aws {
    /// Asks STS who the caller is. That needs no permission.
    ///
    /// # Errors
    /// [`AwsError`].
    pub async fn caller(&self, region: Option<&str>) -> Result<Caller, AwsError> {
        let call = Call {
            service: "STS",
            what: "caller identity".to_owned(),
            needs:
                "no permission for this: an explicit deny of sts:GetCallerIdentity has no effect"
                    .to_owned(),
        };
        let client = self.sts(region, &call).await?;
        let reply = client
            .get_caller_identity()
            .send()
            .await
            .map_err(|error| self.error(&call, &error))?;
        Ok(Caller {
            arn: reply.arn.unwrap_or_default(),
            account: reply.account.unwrap_or_default(),
            user_id: reply.user_id.unwrap_or_default(),
            source: self.source(region).await?,
        })
    }
}
