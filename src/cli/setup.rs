//! `consign setup`: domain and repositories, and who may publish there.

use serde_json::{Value, json};

use super::aws::AwsArguments;
use super::session::{Session, current_thread};
use super::{ConfigurationArguments, report};
use crate::codeartifact::Aws;
use crate::codeartifact::setup::{GithubSubject, Plan, State, Step, Wanted};
use crate::environment::Environment;
use crate::error::Error;

/// Sets up what publishing to `CodeArtifact` needs once: a domain, a repository in front of npmjs,
/// and the repository that is published to, over it. What is there stays as it is.
///
/// Then prints what a publisher has to be allowed, for exactly these resources, and with --github
/// the trust policy of a role for a repository's jobs and a workflow that publishes. A setup that
/// broke off goes on with the next run. Exits 1 where something is there with other settings.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    consign setup --domain team --repository releases --dry-run\n  \
    consign setup --domain team --repository releases --github acme/tool")]
pub(super) struct Arguments {
    /// The repository in front of npmjs
    #[arg(long, value_name = "NAME", default_value = "npm-store")]
    store: String,
    /// Set up no repository in front of npmjs
    #[arg(long, conflicts_with = "store")]
    no_store: bool,
    /// Allow publishing packages of this scope only
    #[arg(long, value_name = "@SCOPE")]
    scope: Option<String>,
    /// GitHub repository whose jobs may publish: those of its tags v*
    #[arg(long, value_name = "OWNER/NAME")]
    github: Option<String>,
    /// Instead of tags: the jobs of this environment of the GitHub repository
    #[arg(long, value_name = "NAME", requires = "github")]
    github_environment: Option<String>,
    /// Name of the role that GitHub's jobs assume
    #[arg(long, value_name = "NAME", default_value = "publish-packages")]
    role: String,
    /// Show the plan, change nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    configuration: ConfigurationArguments,
    #[command(flatten)]
    aws: AwsArguments,
    /// Print an object: steps, policies, workflow
    #[arg(long, help_heading = "Output")]
    json: bool,
}

pub(super) fn run(arguments: &Arguments, environment: &Environment) -> u8 {
    let session = match arguments.configuration.session(environment) {
        Ok(session) => session,
        Err(status) => return status,
    };
    match set_up(arguments, &session) {
        Ok(status) => status,
        Err(error) => report::error(&session.printer, arguments.json, &error),
    }
}

fn set_up(arguments: &Arguments, session: &Session<'_>) -> Result<u8, Error> {
    let options = arguments.aws.options(session.environment)?;
    let subject = arguments
        .github
        .as_ref()
        .map(|repository| GithubSubject::new(repository, arguments.github_environment.clone()))
        .transpose()
        .map_err(|error| Error::Usage(format!("--github: {error}")))?;
    let wanted = wanted(arguments, &options)?;
    let aws = Aws::new(options);
    let runtime = current_thread()?;
    let mut plan = runtime.block_on(aws.setup_plan(wanted))?;
    let mut ended = Ok(());
    if !arguments.dry_run && !plan.differs() {
        ended = runtime.block_on(aws.setup(&mut plan));
    }
    let is_done = ended.is_ok() && !plan.has_work() && !plan.differs();
    let registry = if is_done {
        Some(runtime.block_on(aws.setup_endpoint(&plan))?.url.to_string())
    } else {
        None
    };
    let printed = if arguments.json {
        let mut object = object(arguments, &plan, subject.as_ref(), registry.as_deref());
        if let (Err(error), Some(object)) = (&ended, object.as_object_mut()) {
            let error = Error::from(error.clone());
            object.insert("error".into(), report::error_object(&error));
        }
        session.printer.json(&object)
    } else {
        tell(
            session,
            arguments,
            &plan,
            subject.as_ref(),
            registry.as_deref(),
        )
    };
    printed.map_err(|source| Error::System {
        doing: "could not print the plan",
        source,
    })?;
    if let Err(error) = ended {
        // What was done before stands above.
        return Ok(report::error(&session.printer, false, &error.into()));
    }
    Ok(u8::from(plan.differs()))
}

fn wanted(
    arguments: &Arguments,
    options: &crate::codeartifact::AwsOptions,
) -> Result<Wanted, Error> {
    let (Some(domain), Some(repository)) = (&options.domain, &options.repository) else {
        return Err(Error::Usage(
            "setup needs --domain and --repository: the names that shall be there".into(),
        ));
    };
    let store = (!arguments.no_store).then(|| arguments.store.clone());
    if let Some(store) = &store {
        if !crate::codeartifact::endpoint::is_repository(store) {
            return Err(Error::Usage(format!(
                "--store is {store:?}, which is not a repository's name"
            )));
        }
        if store == repository {
            return Err(Error::Usage(
                "--store and --repository are the same: what comes from npmjs and what is published there need two"
                    .into(),
            ));
        }
    }
    Ok(Wanted {
        domain: domain.clone(),
        owner: options.domain_owner.clone(),
        repository: repository.clone(),
        store,
    })
}

fn object(
    arguments: &Arguments,
    plan: &Plan,
    subject: Option<&GithubSubject>,
    registry: Option<&str>,
) -> Value {
    let policies = plan.policies(arguments.scope.as_deref());
    json!({
        "account": plan.account,
        "region": plan.region,
        "registry": registry,
        "dryRun": arguments.dry_run,
        "steps": plan.steps,
        "policy": policies.publish(),
        "trustPolicy": subject.map(|subject| policies.trust(subject)),
        "workflow": subject.map(|subject| policies.workflow(subject, &arguments.role, registry.unwrap_or("REGISTRY"))),
    })
}

fn tell(
    session: &Session<'_>,
    arguments: &Arguments,
    plan: &Plan,
    subject: Option<&GithubSubject>,
    registry: Option<&str>,
) -> std::io::Result<()> {
    let say = |text: &str| session.printer.data(text);
    say(&format!(
        "account {}, region {}{}",
        plan.account,
        plan.region,
        if arguments.dry_run { " (dry run)" } else { "" }
    ))?;
    for step in &plan.steps {
        say(&line(step))?;
    }
    if let Some(registry) = registry {
        say(&format!("registry: {registry}"))?;
    }
    let policies = plan.policies(arguments.scope.as_deref());
    say("\n# Policy of who publishes")?;
    say(&format!("{:#}", policies.publish()))?;
    if let Some(subject) = subject {
        let role = &arguments.role;
        say(&format!("\n# Trust policy of the role {role}"))?;
        say(&format!("{:#}", policies.trust(subject)))?;
        say("\n# Workflow")?;
        say(policies
            .workflow(subject, role, registry.unwrap_or("REGISTRY"))
            .trim_end())?;
    }
    Ok(())
}

fn line(step: &Step) -> String {
    let mark = match step.state {
        State::Exists => "exists ",
        State::Differs => "DIFFERS",
        State::Missing => "missing",
        State::Created => "created",
    };
    let detail = step.detail.as_ref();
    let detail = detail.map_or_else(String::new, |detail| format!("\n         next: {detail}"));
    format!("{mark}  {}{detail}", step.resource)
}
