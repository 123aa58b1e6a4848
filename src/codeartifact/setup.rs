//! The one-time steps of the user guide: a domain, a repository in front of npmjs, and the
//! repository that is published to, over it.
//!
//! [`Aws::setup_plan`] asks what is there and says what is missing; [`Aws::setup`] adds that, and
//! nothing else: what is there with other settings is reported and left alone. A setup that broke
//! off is taken up where it ended, because each run plans anew.

mod policies;

use aws_sdk_codeartifact::types::{
    RepositoryDescription, RepositoryExternalConnectionInfo, UpstreamRepository,
    UpstreamRepositoryInfo,
};
use serde::Serialize;

use super::endpoint::Endpoint;
use super::service::{Aws, AwsError, Call};
pub use policies::{GithubSubject, Policies, SubjectError};

/// What every public package comes through.
pub const NPMJS: &str = "public:npmjs";

/// What is to be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The domain.
    pub domain: String,
    /// The account that owns it; the caller's where it is not said.
    pub owner: Option<String>,
    /// The repository that is published to.
    pub repository: String,
    /// The repository with the external connection; `None` for none.
    pub store: Option<String>,
}

/// What one step makes, and how far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The thing, in words.
    pub resource: String,
    /// What is to be done about it, or was.
    pub state: State,
    /// Why, where the state needs it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    #[serde(skip)]
    action: Action,
}

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It is there.
    Exists,
    /// It is there with other settings, which stay.
    Differs,
    /// It is missing.
    Missing,
    /// It was missing, and is there now.
    Created,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Domain,
    Store,
    Connection,
    Repository,
}

/// A plan, and where it is carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// What is to be there.
    pub wanted: Wanted,
    /// The account of the domain.
    pub account: String,
    /// The region.
    pub region: String,
    /// In the order in which they are done.
    pub steps: Vec<Step>,
}

impl Plan {
    /// Whether something is missing.
    pub fn has_work(&self) -> bool {
        self.steps.iter().any(|step| step.state == State::Missing)
    }

    /// Whether something is there that is not as it was asked for.
    pub fn differs(&self) -> bool {
        self.steps.iter().any(|step| step.state == State::Differs)
    }

    /// What the plan's resources need to be allowed, as documents to paste.
    pub fn policies(&self, scope: Option<&str>) -> Policies<'_> {
        Policies::new(self, scope.map(str::to_owned))
    }
}

/// A step's beginning.
fn step(resource: String, action: Action, is_there: bool) -> Step {
    Step {
        resource,
        state: if is_there {
            State::Exists
        } else {
            State::Missing
        },
        detail: None,
        action,
    }
}

impl Aws {
    /// Asks what is there. Changes nothing.
    ///
    /// # Errors
    /// [`AwsError`].
    pub async fn setup_plan(&self, wanted: Wanted) -> Result<Plan, AwsError> {
        let caller = self.caller(None).await?;
        let region = self.region(None).await.ok_or_else(|| AwsError::NoRegion {
            what: "the setup".to_owned(),
        })?;
        let account = wanted
            .owner
            .clone()
            .unwrap_or_else(|| caller.account.clone());
        let mut plan = Plan {
            account,
            region,
            steps: Vec::new(),
            wanted,
        };
        let domain = plan.wanted.domain.clone();
        let has_domain = self.has_domain(&plan).await?;
        let mut first = step(format!("domain {domain}"), Action::Domain, has_domain);
        if !has_domain && plan.account != caller.account {
            first.state = State::Differs;
            first.detail = Some(format!(
                "it is not there, and only the account {} itself can create it: the caller is of {}",
                plan.account, caller.account
            ));
        }
        plan.steps.push(first);
        if let Some(store) = plan.wanted.store.clone() {
            let found = self.repository(&plan, &store, has_domain).await?;
            let is_there = found.is_some();
            plan.steps
                .push(step(format!("repository {store}"), Action::Store, is_there));
            plan.steps.push(connection(&store, found.as_ref()));
        }
        let name = plan.wanted.repository.clone();
        let found = self.repository(&plan, &name, has_domain).await?;
        plan.steps.push(published(&plan.wanted, found.as_ref()));
        Ok(plan)
    }

    /// Carries out what is missing, in order, and marks each step that is done. After an error the
    /// plan says what was done; a new plan goes on from there.
    ///
    /// # Errors
    /// [`AwsError`] of the first step that failed.
    pub async fn setup(&self, plan: &mut Plan) -> Result<(), AwsError> {
        for index in 0..plan.steps.len() {
            if plan.steps[index].state != State::Missing {
                continue;
            }
            match plan.steps[index].action {
                Action::Domain => self.create_domain(plan).await?,
                Action::Store => {
                    let store = plan.wanted.store.clone().unwrap_or_default();
                    self.create_repository(plan, &store, None).await?;
                }
                Action::Connection => self.connect(plan).await?,
                Action::Repository => {
                    let name = plan.wanted.repository.clone();
                    let upstream = plan.wanted.store.clone();
                    self.create_repository(plan, &name, upstream).await?;
                }
            }
            plan.steps[index].state = State::Created;
        }
        Ok(())
    }

    /// The npm endpoint of a plan's repository.
    ///
    /// # Errors
    /// [`AwsError`].
    pub async fn setup_endpoint(&self, plan: &Plan) -> Result<Endpoint, AwsError> {
        self.locate(&plan.wanted.domain, &plan.wanted.repository)
            .await
    }

    async fn has_domain(&self, plan: &Plan) -> Result<bool, AwsError> {
        let call = plan.call("domain", "DescribeDomain", "domain");
        let reply = self
            .codeartifact(Some(&plan.region), &call)
            .await?
            .describe_domain()
            .domain(&plan.wanted.domain)
            .domain_owner(&plan.account)
            .send()
            .await;
        match reply.map_err(|error| self.error(&call, &error)) {
            Ok(_) => Ok(true),
            Err(AwsError::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn repository(
        &self,
        plan: &Plan,
        name: &str,
        has_domain: bool,
    ) -> Result<Option<RepositoryDescription>, AwsError> {
        if !has_domain {
            return Ok(None);
        }
        let call = plan.call(&format!("repository {name}"), "DescribeRepository", name);
        let reply = self
            .codeartifact(Some(&plan.region), &call)
            .await?
            .describe_repository()
            .domain(&plan.wanted.domain)
            .domain_owner(&plan.account)
            .repository(name)
            .send()
            .await;
        match reply.map_err(|error| self.error(&call, &error)) {
            Ok(reply) => Ok(reply.repository),
            Err(AwsError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn create_domain(&self, plan: &Plan) -> Result<(), AwsError> {
        let call = plan.call("new domain", "CreateDomain", "domain");
        let reply = self
            .codeartifact(Some(&plan.region), &call)
            .await?
            .create_domain()
            .domain(&plan.wanted.domain)
            .send()
            .await;
        reply.map(drop).map_err(|error| self.error(&call, &error))
    }

    async fn create_repository(
        &self,
        plan: &Plan,
        name: &str,
        upstream: Option<String>,
    ) -> Result<(), AwsError> {
        let call = plan.call(&format!("new repository {name}"), "CreateRepository", name);
        let upstream = upstream
            .map(|name| UpstreamRepository::builder().repository_name(name).build())
            .transpose()
            .map_err(|error| AwsError::Refused {
                what: call.what.clone(),
                message: error.to_string(),
            })?;
        let reply = self
            .codeartifact(Some(&plan.region), &call)
            .await?
            .create_repository()
            .domain(&plan.wanted.domain)
            .domain_owner(&plan.account)
            .repository(name)
            .set_upstreams(upstream.map(|upstream| vec![upstream]))
            .send()
            .await;
        reply.map(drop).map_err(|error| self.error(&call, &error))
    }

    async fn connect(&self, plan: &Plan) -> Result<(), AwsError> {
        let store = plan.wanted.store.clone().unwrap_or_default();
        let what = format!("connection of {store} to {NPMJS}");
        let call = plan.call(&what, "AssociateExternalConnection", &store);
        let reply = self
            .codeartifact(Some(&plan.region), &call)
            .await?
            .associate_external_connection()
            .domain(&plan.wanted.domain)
            .domain_owner(&plan.account)
            .repository(&store)
            .external_connection(NPMJS)
            .send()
            .await;
        reply.map(drop).map_err(|error| self.error(&call, &error))
    }
}

impl Plan {
    fn call(&self, what: &str, action: &str, of: &str) -> Call {
        Call {
            service: "CodeArtifact",
            what: format!("{what} in the domain {}", self.wanted.domain),
            needs: format!(
                "codeartifact:{action} on the {of} of the domain {}, account {}",
                self.wanted.domain, self.account
            ),
        }
    }
}

/// The external connection of the store.
fn connection(store: &str, found: Option<&RepositoryDescription>) -> Step {
    let resource = format!("external connection of {store} to {NPMJS}");
    let connections = found.and_then(|found| found.external_connections.as_ref());
    let names: Vec<&str> = connections
        .into_iter()
        .flatten()
        .filter_map(RepositoryExternalConnectionInfo::external_connection_name)
        .collect();
    let is_there = names.contains(&NPMJS);
    let mut step = step(resource, Action::Connection, is_there);
    // A repository has one connection at most.
    if let (false, Some(other)) = (is_there, names.first()) {
        step.state = State::Differs;
        step.detail = Some(format!(
            "{store} is connected to {other}, and a repository has one connection: give another --store"
        ));
    }
    step
}

/// The repository that is published to, with the store upstream.
fn published(wanted: &Wanted, found: Option<&RepositoryDescription>) -> Step {
    let Wanted {
        repository, store, ..
    } = wanted;
    let over = store.as_ref().map(|store| format!(" over {store}"));
    let resource = format!("repository {repository}{}", over.unwrap_or_default());
    let mut step = step(resource, Action::Repository, found.is_some());
    let (Some(found), Some(store)) = (found, store) else {
        return step;
    };
    let upstreams: Vec<&str> = found
        .upstreams
        .iter()
        .flatten()
        .filter_map(UpstreamRepositoryInfo::repository_name)
        .collect();
    if !upstreams.contains(&store.as_str()) {
        let has = if upstreams.is_empty() {
            "no upstream".to_owned()
        } else {
            format!("the upstreams {}", upstreams.join(", "))
        };
        let all: Vec<String> = upstreams
            .iter()
            .chain([&store.as_str()])
            .map(|name| format!("repositoryName={name}"))
            .collect();
        step.state = State::Differs;
        step.detail = Some(format!(
            "{repository} has {has}; if {store} shall be one: aws codeartifact update-repository --domain {} \
             --repository {repository} --upstreams {}",
            wanted.domain,
            all.join(" ")
        ));
    }
    step
}
