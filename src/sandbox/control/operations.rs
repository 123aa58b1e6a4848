//! The operations served, in the words of the service model.

use super::call::Call;
use super::error::ControlError;
use super::parameters::{ACCOUNT, DOMAIN, FORMAT, Parameter, REPOSITORY, Shape};
use super::{Effect, repository, token};
use crate::sandbox::state::State;

/// An operation of the API.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) name: &'static str,
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) parameters: &'static [Parameter],
    pub(super) access: Access,
    pub(super) writes: bool,
    pub(super) run: fn(&State, &mut Call<'_>) -> Result<Effect, ControlError>,
}

/// What an operation's action is asked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// `*`
    Account,
    Domain,
    Repository,
    Package,
    /// The function asks itself.
    InFunction,
}

const IN_DOMAIN: [Parameter; 2] = [
    Parameter::query("domain", DOMAIN),
    Parameter::query("domain-owner", ACCOUNT).optional(),
];

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "GetAuthorizationToken",
        method: "POST",
        path: "/v1/authorization-token",
        parameters: &[
            IN_DOMAIN[0],
            IN_DOMAIN[1],
            Parameter::query("duration", Shape::Number(0, 43_200)).optional(),
        ],
        access: Access::Domain,
        writes: false,
        run: token::create,
    },
    Operation {
        name: "GetRepositoryEndpoint",
        method: "GET",
        path: "/v1/repository/endpoint",
        parameters: &[
            IN_DOMAIN[0],
            IN_DOMAIN[1],
            Parameter::query("repository", REPOSITORY),
            Parameter::query("format", FORMAT),
            Parameter::query("endpointType", Shape::One(&["dualstack", "ipv4"])).optional(),
        ],
        access: Access::Repository,
        writes: false,
        run: repository::endpoint,
    },
];
