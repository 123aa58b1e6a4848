//! A policy's document, read so that nothing in it is silently without effect.

use std::collections::BTreeMap;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::condition::OPERATORS;

/// A policy document.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// One statement or several.
    #[serde(rename = "Statement")]
    pub(super) statement: OneOrMany<Statement>,
    #[serde(rename = "Version")]
    _version: Option<String>,
    #[serde(rename = "Id")]
    _id: Option<String>,
}

impl Policy {
    /// Everything on everything: what the sandbox's default principal has.
    pub fn allow_all() -> Self {
        Self::allowing(Statement {
            resource: Some(OneOrMany::One("*".to_owned())),
            ..Statement::allow("*")
        })
    }

    /// Lets whoever `principal` names do `action`, under `conditions` of operator, key and values:
    /// a role's trust policy.
    pub(crate) fn trusting(
        principal: Value,
        action: &str,
        conditions: &[(&str, String, Vec<String>)],
    ) -> Self {
        let mut statement = Statement {
            principal: Some(principal),
            ..Statement::allow(action)
        };
        for (operator, key, values) in conditions {
            let values = values.iter().map(|value| Value::from(value.as_str()));
            statement
                .condition
                .entry((*operator).to_owned())
                .or_default()
                .insert(key.clone(), OneOrMany::Many(values.collect()));
        }
        Self::allowing(statement)
    }

    fn allowing(statement: Statement) -> Self {
        Self {
            statement: OneOrMany::One(statement),
            _version: None,
            _id: None,
        }
    }

    /// Reads a JSON document.
    pub fn parse(document: &str) -> Result<Self, PolicyError> {
        let policy: Self = serde_json::from_str(document)?;
        policy.check()?;
        Ok(policy)
    }

    /// Refuses what would otherwise be silently without effect.
    pub fn check(&self) -> Result<(), PolicyError> {
        for statement in self.statement.iter() {
            if statement.action.is_none() == statement.not_action.is_none() {
                return Err(PolicyError::Action);
            }
            for operator in statement.condition.keys() {
                let plain = operator.strip_suffix("IfExists").unwrap_or(operator);
                if !OPERATORS.contains(&plain) {
                    return Err(PolicyError::Operator(operator.clone()));
                }
            }
        }
        Ok(())
    }
}

/// Why a policy cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// Not the JSON of a policy.
    #[error("the document is not a policy")]
    Syntax(#[from] serde_json::Error),
    /// Neither or both of `Action` and `NotAction`.
    #[error("a statement needs either Action or NotAction")]
    Action,
    /// A condition operator that the sandbox does not evaluate.
    #[error("the condition operator {0} is not supported")]
    Operator(String),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

// Not `untagged`, whose errors do not say what is wrong inside.
impl<'de, T: DeserializeOwned> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if value.is_array() {
            serde_json::from_value(value).map(Self::Many)
        } else {
            serde_json::from_value(value).map(Self::One)
        }
        .map_err(D::Error::custom)
    }
}

impl<T> OneOrMany<T> {
    pub(super) fn iter(&self) -> std::slice::Iter<'_, T> {
        match self {
            Self::One(one) => std::slice::from_ref(one).iter(),
            Self::Many(many) => many.iter(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) enum Effect {
    Allow,
    Deny,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Statement {
    #[serde(rename = "Sid")]
    _sid: Option<String>,
    pub(super) effect: Effect,
    pub(super) action: Option<OneOrMany<String>>,
    pub(super) not_action: Option<OneOrMany<String>>,
    pub(super) resource: Option<OneOrMany<String>>,
    pub(super) not_resource: Option<OneOrMany<String>>,
    pub(super) principal: Option<Value>,
    #[serde(default)]
    pub(super) condition: BTreeMap<String, BTreeMap<String, OneOrMany<Value>>>,
}

impl Statement {
    fn allow(action: &str) -> Self {
        Self {
            _sid: None,
            effect: Effect::Allow,
            action: Some(OneOrMany::One(action.to_owned())),
            not_action: None,
            resource: None,
            not_resource: None,
            principal: None,
            condition: BTreeMap::new(),
        }
    }
}
