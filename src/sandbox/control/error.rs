//! Errors of the API in the shape of the service model.
//!
//! The type is in the header `x-amzn-ErrorType` and in the body's `__type`; SDKs read either.

use axum::response::Response;
use http::header::{HeaderName, RETRY_AFTER};
use serde_json::{Map, Value};

use crate::sandbox::identity::sigv4::SignatureError;
use crate::sandbox::random::NoRandomness;
use crate::sandbox::reply;
use crate::sandbox::store::StoreError;

/// `ResourceType` of the service model.
const RESOURCE_TYPES: &[&str] = &[
    "domain",
    "repository",
    "package",
    "package-version",
    "asset",
];

/// A refusal of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ControlError {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    /// Modelled members beside the message.
    members: Vec<(&'static str, String)>,
    retry_after: Option<u32>,
}

impl ControlError {
    fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            members: Vec::new(),
            retry_after: None,
        }
    }

    pub(crate) fn access_denied(message: impl Into<String>) -> Self {
        Self::new(403, "AccessDeniedException", message)
    }

    pub(crate) fn signature(error: &SignatureError) -> Self {
        Self::new(403, error.code(), error.to_string())
    }

    pub(crate) fn validation(reason: &str, message: impl Into<String>) -> Self {
        let mut error = Self::new(400, "ValidationException", message);
        error.members.push(("reason", reason.to_owned()));
        error
    }

    pub(crate) fn field(message: impl Into<String>) -> Self {
        Self::validation("FIELD_VALIDATION_FAILED", message)
    }

    pub(crate) fn unknown_operation() -> Self {
        Self::validation("UNKNOWN_OPERATION", "Unknown operation.")
    }

    pub(crate) fn not_found(kind: &str, id: &str, message: impl Into<String>) -> Self {
        let mut error = Self::new(404, "ResourceNotFoundException", message);
        error.name_resource(kind, id);
        error
    }

    pub(crate) fn conflict(kind: &str, id: &str, message: impl Into<String>) -> Self {
        let mut error = Self::new(409, "ConflictException", message);
        error.name_resource(kind, id);
        error
    }

    pub(crate) fn quota(kind: &str, id: &str, message: impl Into<String>) -> Self {
        let mut error = Self::new(402, "ServiceQuotaExceededException", message);
        error.name_resource(kind, id);
        error
    }

    pub(crate) fn throttled(seconds: u32) -> Self {
        let mut error = Self::new(429, "ThrottlingException", "Rate exceeded");
        error.retry_after = Some(seconds);
        error
    }

    fn internal(message: impl Into<String>) -> Self {
        Self::new(500, "InternalServerException", message)
    }

    fn name_resource(&mut self, kind: &str, id: &str) {
        self.members.push(("resourceId", id.to_owned()));
        // The model has no word for the others, such as package groups.
        if RESOURCE_TYPES.contains(&kind) {
            self.members.push(("resourceType", kind.to_owned()));
        }
    }

    pub(crate) fn response(&self) -> Response {
        let mut body = Map::new();
        body.insert("__type".to_owned(), self.code.into());
        body.insert("message".to_owned(), self.message.as_str().into());
        for (name, value) in &self.members {
            body.insert((*name).to_owned(), value.as_str().into());
        }
        let response = reply::json(self.status, &Value::Object(body));
        let response = reply::with(
            response,
            HeaderName::from_static("x-amzn-errortype"),
            self.code,
        );
        match self.retry_after {
            Some(seconds) => reply::with(response, RETRY_AFTER, &seconds.to_string()),
            None => response,
        }
    }
}

impl From<StoreError> for ControlError {
    fn from(error: StoreError) -> Self {
        Self::internal(error.to_string())
    }
}

impl From<NoRandomness> for ControlError {
    fn from(error: NoRandomness) -> Self {
        Self::internal(error.to_string())
    }
}
