//! Who is asking, and what they may do.
//!
//! [`Directory`] knows users, roles and their keys; `sigv4` proves who signed a request,
//! `token` seals and opens bearer tokens, `policy` decides, `trust` says whom a role trusts.

pub(crate) mod policy;
pub(crate) mod sigv4;
pub(crate) mod token;
mod trust;

pub(crate) use trust::federated;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use policy::Policy;

use super::config::{Config, RoleConfig};
use super::random::{self, NoRandomness};

/// Somebody with an ARN and policies: a user, or a session of a role.
#[derive(Debug, Clone)]
pub(crate) struct Principal {
    pub(crate) arn: String,
    pub(crate) account: String,
    /// `AIDA…` for a user, `AROA…:session` for a session.
    pub(crate) user_id: String,
    /// The end of a session, in seconds since 1970; users have none.
    pub(crate) session_end: Option<i64>,
    pub(crate) policies: Arc<[Policy]>,
}

impl Principal {
    /// The kind of principal it is to a policy's `Principal` element.
    pub(crate) fn kind(&self) -> &'static str {
        if self.arn.contains(":oidc-provider/") {
            "Federated"
        } else {
            "AWS"
        }
    }

    /// The role's ARN behind a session's.
    pub(crate) fn role_arn(&self) -> Option<String> {
        let (_, session) = self.arn.split_once(":assumed-role/")?;
        let (role, _) = session.split_once('/')?;
        Some(format!("arn:aws:iam::{}:role/{role}", self.account))
    }
}

/// A key that signs requests.
#[derive(Clone)]
pub(crate) struct AccessKey {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) session_token: Option<String>,
    pub(crate) principal: Principal,
}

impl std::fmt::Debug for AccessKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("AccessKey")
            .field("id", &self.id)
            .field("principal", &self.principal.arn)
            .finish_non_exhaustive()
    }
}

/// A role that can be assumed.
#[derive(Debug, Clone)]
pub(crate) struct Role {
    pub(crate) config: RoleConfig,
    pub(crate) account: String,
    pub(crate) id: String,
    pub(crate) policies: Arc<[Policy]>,
    /// Who may assume it.
    pub(crate) trust: Arc<[Policy]>,
}

impl Role {
    pub(crate) fn arn(&self) -> String {
        format!("arn:aws:iam::{}:role/{}", self.account, self.config.name)
    }

    fn session_arn(&self, session: &str) -> String {
        format!(
            "arn:aws:sts::{}:assumed-role/{}/{session}",
            self.account, self.config.name
        )
    }

    fn session(&self, name: &str, end: Option<i64>) -> Principal {
        Principal {
            arn: self.session_arn(name),
            account: self.account.clone(),
            user_id: format!("{}:{name}", self.id),
            session_end: end,
            policies: Arc::clone(&self.policies),
        }
    }
}

/// Users, roles, keys and running sessions.
#[derive(Debug)]
pub(crate) struct Directory {
    /// By ARN.
    users: BTreeMap<String, Principal>,
    /// By name.
    roles: BTreeMap<String, Role>,
    /// By access key id. Sessions are added while the sandbox runs.
    keys: Mutex<BTreeMap<String, AccessKey>>,
}

impl Directory {
    /// The principals of a configuration; keys that it leaves out are drawn at random.
    pub(crate) fn new(config: &Config) -> Result<Self, NoRandomness> {
        let mut users = BTreeMap::new();
        let mut keys = BTreeMap::new();
        for user in &config.principals {
            let account = user.account.as_ref().unwrap_or(&config.domain_owner);
            let principal = Principal {
                arn: format!("arn:aws:iam::{account}:user/{}", user.name),
                account: account.clone(),
                user_id: format!("AIDA{}", random::base32(17)?),
                session_end: None,
                policies: user.policies.clone().into(),
            };
            let id = match &user.access_key {
                Some(id) => id.clone(),
                None => format!("AKIA{}", random::base32(16)?),
            };
            let secret = match &user.secret_key {
                Some(secret) => secret.clone(),
                None => random::base32(40)?,
            };
            let key = AccessKey {
                id: id.clone(),
                secret,
                session_token: None,
                principal: principal.clone(),
            };
            keys.insert(id, key);
            users.insert(principal.arn.clone(), principal);
        }
        let mut roles = BTreeMap::new();
        for role in &config.roles {
            let account = role
                .account
                .clone()
                .unwrap_or_else(|| config.domain_owner.clone());
            let known = Role {
                config: role.clone(),
                trust: trust::policies(role, &account),
                account,
                id: format!("AROA{}", random::base32(17)?),
                policies: role.policies.clone().into(),
            };
            roles.insert(role.name.clone(), known);
        }
        Ok(Self {
            users,
            roles,
            keys: Mutex::new(keys),
        })
    }

    /// The key with this id.
    pub(crate) fn key(&self, id: &str) -> Option<AccessKey> {
        self.keys
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(id)
            .cloned()
    }

    /// The key of the user with this name.
    pub(crate) fn key_of(&self, user: &str) -> Option<AccessKey> {
        let suffix = format!(":user/{user}");
        self.keys
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .find(|key| key.principal.arn.ends_with(&suffix))
            .cloned()
    }

    /// The principal a bearer token speaks for. A role's token outlives the session that took it.
    pub(crate) fn principal(&self, arn: &str) -> Option<Principal> {
        if let Some(user) = self.users.get(arn) {
            return Some(user.clone());
        }
        let (_, session) = arn.split_once(":assumed-role/")?;
        let (role, name) = session.split_once('/')?;
        let role = self.roles.get(role)?;
        (role.session_arn(name) == arn).then(|| role.session(name, None))
    }

    /// The role with this ARN.
    pub(crate) fn role(&self, arn: &str) -> Option<&Role> {
        self.roles.values().find(|role| role.arn() == arn)
    }

    /// The role with this name.
    pub(crate) fn role_named(&self, name: &str) -> Option<&Role> {
        self.roles.get(name)
    }

    /// Opens a session of `role` that ends at `end`, in seconds since 1970.
    pub(crate) fn assume(
        &self,
        role: &Role,
        session: &str,
        end: i64,
    ) -> Result<AccessKey, NoRandomness> {
        let key = AccessKey {
            id: format!("ASIA{}", random::base32(16)?),
            secret: random::base32(40)?,
            session_token: Some(random::hex::<64>()?),
            principal: role.session(session, Some(end)),
        };
        self.keys
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key.id.clone(), key.clone());
        Ok(key)
    }
}
