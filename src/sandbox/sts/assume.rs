//! Sessions of roles: `AssumeRole` for whoever has keys, `AssumeRoleWithWebIdentity` for whoever
//! has a token of the identity provider. The role's trust policy decides.

use super::{Form, StsError, escape};
use crate::sandbox::clock::iso8601;
use crate::sandbox::identity::policy::{Question, decide_trust};
use crate::sandbox::identity::{AccessKey, Principal, Role, federated};
use crate::sandbox::log::Entry;
use crate::sandbox::server::Shared;

/// A session's length when none is asked for, in seconds.
const SESSION: i64 = 3600;
/// The longest session that a session can open: "role chaining" (IAM user guide).
const CHAINED: i64 = 3600;
/// What would narrow a session or prove a second factor. Refused, because leaving it out would
/// hand out more than was asked for.
const NOT_SERVED: &[&str] = &[
    "Policy",
    "PolicyArns.member.1.arn",
    "Tags.member.1.Key",
    "SerialNumber",
    "TokenCode",
    "SourceIdentity",
    "ProviderId",
];

/// `AssumeRole`, asked by the owner of a key.
pub(super) fn by_key(
    shared: &Shared,
    caller: &Principal,
    form: &Form,
    entry: &mut Entry,
) -> Result<String, StsError> {
    entry.principal = Some(caller.arn.clone());
    let request = Request::read(form)?;
    let mut context = vec![("sts:RoleSessionName", request.session.to_owned())];
    if let Some(id) = form.text("ExternalId") {
        context.push(("sts:ExternalId", id.to_owned()));
    }
    let role = trusting(shared, &request, caller, "sts:AssumeRole", &context, entry)?;
    let longest = match caller.session_end {
        Some(_) => role.config.longest_session.min(CHAINED),
        None => role.config.longest_session,
    };
    let key = request.open(shared, role, longest)?;
    Ok(credentials(&key))
}

/// `AssumeRoleWithWebIdentity`, which needs no signature.
pub(super) fn by_web_identity(
    shared: &Shared,
    form: &Form,
    entry: &mut Entry,
) -> Result<String, StsError> {
    let request = Request::read(form)?;
    let token = form.required("WebIdentityToken")?;
    let identity = shared.provider.verify(token).ok_or_else(|| {
        StsError::new(
            400,
            "InvalidIdentityToken",
            "The web identity token is not one of a trusted provider",
        )
    })?;
    if identity.exp <= shared.clock.now_seconds() {
        return Err(StsError::new(
            400,
            "ExpiredTokenException",
            "Token expired: the web identity token is no longer good",
        ));
    }
    // The provider is one of the role's own account.
    let account = request.role.split(':').nth(4).unwrap_or_default();
    let (principal, context) = federated(account, &identity.aud, &identity.sub);
    let action = "sts:AssumeRoleWithWebIdentity";
    let role = trusting(shared, &request, &principal, action, &context, entry)?;
    let key = request.open(shared, role, role.config.longest_session)?;
    entry.principal = Some(key.principal.arn.clone());
    Ok(format!(
        "{}<SubjectFromWebIdentityToken>{}</SubjectFromWebIdentityToken><Audience>{}</Audience><Provider>{}</Provider>",
        credentials(&key),
        escape(&identity.sub),
        escape(&identity.aud),
        escape(&principal.arn)
    ))
}

/// What both operations ask for.
struct Request<'a> {
    role: &'a str,
    session: &'a str,
    duration: Option<&'a str>,
}

impl<'a> Request<'a> {
    fn read(form: &'a Form) -> Result<Self, StsError> {
        if let Some(name) = NOT_SERVED.iter().find(|name| form.text(name).is_some()) {
            return Err(StsError::new(
                400,
                "ValidationError",
                format!("{name} is not served by this sandbox"),
            ));
        }
        let session = form.required("RoleSessionName")?;
        let named = (2..=64).contains(&session.len())
            && session
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte));
        if !named {
            return Err(StsError::new(
                400,
                "ValidationError",
                "RoleSessionName must be 2 to 64 of letters, digits and _+=,.@-",
            ));
        }
        Ok(Self {
            role: form.required("RoleArn")?,
            session,
            duration: form.text("DurationSeconds"),
        })
    }

    /// Opens the session.
    fn open(&self, shared: &Shared, role: &Role, longest: i64) -> Result<AccessKey, StsError> {
        let seconds = match self.duration {
            None => SESSION.min(longest),
            Some(text) => text
                .parse()
                .ok()
                .filter(|seconds| (900..=longest).contains(seconds))
                .ok_or_else(|| {
                    StsError::new(
                        400,
                        "ValidationError",
                        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
                    )
                })?,
        };
        shared
            .directory
            .assume(role, self.session, shared.clock.now_seconds() + seconds)
            .map_err(|error| StsError::new(500, "InternalFailure", error.to_string()))
    }
}

/// The role, if it lets `principal` in. A role that is not there refuses in the same words.
fn trusting<'s>(
    shared: &'s Shared,
    request: &Request<'_>,
    principal: &Principal,
    action: &str,
    context: &[(&str, String)],
    entry: &mut Entry,
) -> Result<&'s Role, StsError> {
    entry.resource = Some(request.role.to_owned());
    let role = shared.directory.role(request.role);
    let question = Question {
        principal,
        action,
        resource: request.role,
        context,
        account: role.map_or("", |role| role.account.as_str()),
    };
    let decision = decide_trust(&question, role.map_or(&[], |role| &*role.trust));
    entry.decision = Some(decision.word().to_owned());
    let refused = || {
        let sentence = match principal.kind() {
            "Federated" => format!("Not authorized to perform {action}"),
            _ => format!(
                "User: {} is not authorized to perform: {action} on resource: {}",
                principal.arn, request.role
            ),
        };
        StsError::new(403, "AccessDenied", sentence)
    };
    match role {
        Some(role) if decision.refusal(&question).is_none() => Ok(role),
        _ => Err(refused()),
    }
}

fn credentials(key: &AccessKey) -> String {
    let end = key.principal.session_end.unwrap_or_default();
    format!(
        "<Credentials><AccessKeyId>{}</AccessKeyId><SecretAccessKey>{}</SecretAccessKey><SessionToken>{}</SessionToken><Expiration>{}</Expiration></Credentials><AssumedRoleUser><Arn>{}</Arn><AssumedRoleId>{}</AssumedRoleId></AssumedRoleUser>",
        key.id,
        key.secret,
        key.session_token.as_deref().unwrap_or_default(),
        iso8601(end * 1000),
        escape(&key.principal.arn),
        escape(&key.principal.user_id)
    )
}
