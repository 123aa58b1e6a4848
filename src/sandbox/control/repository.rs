//! Operations on repositories.

use serde_json::json;

use super::Effect;
use super::call::Call;
use super::error::ControlError;
use crate::sandbox::state::State;

/// `GetRepositoryEndpoint`: the path form on the host that was asked, or with
/// `virtual_host_endpoints` the host a domain has on AWS. Other formats get their own path; only
/// npm is served.
pub(super) fn endpoint(state: &State, call: &mut Call<'_>) -> Result<Effect, ControlError> {
    call.find_repository(state, call.repository())?;
    let (domain, repository) = (call.domain(), call.repository());
    let format = call.text("format").unwrap_or_default();
    let config = &call.shared.config;
    let endpoint = if config.assumptions.virtual_host_endpoints {
        let host = match call.text("endpointType") {
            Some("dualstack") => format!("{domain}.codeartifact.{}.on.aws", config.region),
            _ => format!("{domain}.d.codeartifact.{}.amazonaws.com", config.region),
        };
        format!("https://{host}/{format}/{repository}/")
    } else {
        format!(
            "http://{}/{format}/d/{domain}/{repository}/",
            call.authority
        )
    };
    Ok(Effect::read(json!({"repositoryEndpoint": endpoint})))
}
