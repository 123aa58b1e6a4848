//! The operations served, in the words of the service model.

use super::call::Call;
use super::error::ControlError;
use super::parameters::Parameter;
use super::{
    Effect, assets, copy, domains, generic, groups, origins, packages, policies, repositories,
    statuses, tags, token, versions,
};
use crate::sandbox::state::State;

/// An operation of the API.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) name: &'static str,
    pub(super) method: &'static str,
    /// Starts with `/v1/`.
    pub(super) path: &'static str,
    pub(super) parameters: &'static [Parameter],
    pub(super) access: Access,
    pub(super) writes: bool,
    pub(super) run: Run,
}

/// Decides on the state.
pub(super) type Run = fn(&State, &mut Call<'_>) -> Result<Effect, ControlError>;

/// What an operation's action is asked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// `*`
    Account,
    Domain,
    Repository,
    Package,
    Group,
    /// The ARN in `resourceArn`.
    Named,
}

impl Operation {
    /// An operation that only reads.
    pub(super) const fn read(
        name: &'static str,
        method: &'static str,
        path: &'static str,
        access: Access,
        parameters: &'static [Parameter],
        run: Run,
    ) -> Self {
        Self {
            name,
            method,
            path,
            parameters,
            access,
            writes: false,
            run,
        }
    }

    /// An operation that may change the state.
    pub(super) const fn write(
        name: &'static str,
        method: &'static str,
        path: &'static str,
        access: Access,
        parameters: &'static [Parameter],
        run: Run,
    ) -> Self {
        Self {
            writes: true,
            ..Self::read(name, method, path, access, parameters, run)
        }
    }

    /// Every operation that is served.
    pub(super) fn all() -> impl Iterator<Item = &'static Self> {
        [
            assets::OPERATIONS,
            copy::OPERATIONS,
            domains::OPERATIONS,
            generic::OPERATIONS,
            groups::OPERATIONS,
            origins::OPERATIONS,
            packages::OPERATIONS,
            policies::OPERATIONS,
            repositories::OPERATIONS,
            statuses::OPERATIONS,
            tags::OPERATIONS,
            token::OPERATIONS,
            versions::OPERATIONS,
        ]
        .into_iter()
        .flatten()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::super::parameters::{Place, Shape};
    use super::*;

    /// See the README beside it.
    const MODEL: &str = include_str!("../../../fixtures/sandbox/operations.json");

    fn model() -> Vec<Value> {
        serde_json::from_str(MODEL).unwrap()
    }

    #[test]
    fn every_operation_of_the_model_is_served() {
        let served: BTreeSet<&str> = Operation::all().map(|operation| operation.name).collect();
        let modelled: Vec<Value> = model();
        let modelled: BTreeSet<&str> = modelled
            .iter()
            .filter_map(|operation| operation["name"].as_str())
            .collect();
        let missing: Vec<_> = modelled.difference(&served).collect();
        let invented: Vec<_> = served.difference(&modelled).collect();
        assert!(missing.is_empty(), "not served: {missing:?}");
        assert!(invented.is_empty(), "not modelled: {invented:?}");
        assert_eq!(Operation::all().count(), served.len(), "one is there twice");
    }

    #[test]
    fn methods_paths_and_parameters_are_the_models() {
        let model = model();
        for operation in Operation::all() {
            let modelled = model
                .iter()
                .find(|modelled| modelled["name"] == operation.name)
                .unwrap();
            assert_eq!(modelled["method"], operation.method, "{}", operation.name);
            assert_eq!(modelled["path"], operation.path, "{}", operation.name);
            let ours: BTreeSet<(String, &str, bool)> = operation
                .parameters
                .iter()
                .map(|parameter| {
                    let place = match parameter.place {
                        Place::Query => "query",
                        Place::Body => "body",
                    };
                    (parameter.name.to_owned(), place, parameter.required)
                })
                .collect();
            let theirs: BTreeSet<(String, &str, bool)> = modelled["parameters"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|parameter| parameter["in"] != "header")
                .map(|parameter| {
                    (
                        parameter["name"].as_str().unwrap().to_owned(),
                        parameter["in"].as_str().unwrap(),
                        parameter["required"].as_bool().unwrap(),
                    )
                })
                .collect();
            assert_eq!(ours, theirs, "{}", operation.name);
        }
    }

    #[test]
    fn enums_and_lengths_are_the_models() {
        let model = model();
        for operation in Operation::all() {
            let modelled = model
                .iter()
                .find(|modelled| modelled["name"] == operation.name)
                .unwrap();
            for parameter in operation.parameters {
                let modelled = modelled["parameters"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .find(|modelled| modelled["name"] == parameter.name)
                    .unwrap();
                let place = format!("{} {}", operation.name, parameter.name);
                match parameter.shape {
                    Shape::One(words) => {
                        let theirs: BTreeSet<&str> = modelled["enum"]
                            .as_array()
                            .unwrap()
                            .iter()
                            .filter_map(Value::as_str)
                            .collect();
                        assert_eq!(
                            words.iter().copied().collect::<BTreeSet<_>>(),
                            theirs,
                            "{place}"
                        );
                    }
                    Shape::Number(least, most) => {
                        assert_eq!(modelled["min"], least, "{place}");
                        assert_eq!(modelled["max"], most, "{place}");
                    }
                    Shape::Text(accepts, _) => {
                        if let Some(most) = modelled["max"].as_u64() {
                            let long = "a".repeat(usize::try_from(most).unwrap() + 1);
                            assert!(!accepts(&long), "{place} takes {} characters", long.len());
                        }
                        if modelled["min"].as_u64() > Some(0) {
                            assert!(!accepts(""), "{place} takes nothing");
                        }
                    }
                    Shape::Texts(most, ..) => assert_eq!(modelled["max"], most, "{place}"),
                    Shape::Pairs(..) => assert_eq!(modelled["type"], "map", "{place}"),
                    Shape::Flag => assert_eq!(modelled["type"], "boolean", "{place}"),
                    Shape::Object => {
                        assert!(
                            modelled["type"] == "map" || modelled["type"] == "structure",
                            "{place}"
                        );
                    }
                    Shape::Array => assert_eq!(modelled["type"], "list", "{place}"),
                }
            }
        }
    }
}
