//! An identity provider in the form of GitHub Actions'.
//!
//! `GET {ACTIONS_ID_TOKEN_REQUEST_URL}&audience=…` with the request token answers
//! `{"value": "<JWT>"}` (GitHub documentation, `OpenID` Connect reference). Tokens are signed ES256
//! with a key of the run; GitHub signs RS256, which nothing that only passes the token on can
//! tell apart.

use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _,
    UnparsedPublicKey,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::form;
use super::random::{self, NoRandomness};
use super::reply;
use super::server::{Incoming, Shared};

/// A token is good for this many seconds.
const LIFETIME: i64 = 300;
const KEY_ID: &str = "sandbox";

/// The provider's key and the token that asks it.
#[derive(Debug)]
pub(crate) struct Provider {
    key: EcdsaKeyPair,
    pub(crate) request_token: String,
}

/// What an identity token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(crate) iss: String,
    pub(crate) sub: String,
    pub(crate) aud: String,
    pub(crate) iat: i64,
    pub(crate) exp: i64,
    pub(crate) jti: String,
}

impl Provider {
    pub(crate) fn new() -> Result<Self, NoRandomness> {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
            .map_err(|_| NoRandomness)?;
        let key =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random)
                .map_err(|_| NoRandomness)?;
        Ok(Self {
            key,
            request_token: random::hex::<24>()?,
        })
    }

    fn sign(&self, identity: &Identity) -> Result<String, NoRandomness> {
        let header = json!({"typ": "JWT", "alg": "ES256", "kid": KEY_ID}).to_string();
        let claims = serde_json::to_vec(identity).map_err(|_| NoRandomness)?;
        let signed = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(claims)
        );
        let signature = self
            .key
            .sign(&SystemRandom::new(), signed.as_bytes())
            .map_err(|_| NoRandomness)?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// The claims of a token that this provider signed. Expiry is the caller's to compare.
    pub(crate) fn verify(&self, token: &str) -> Option<Identity> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (_, claims) = signed.split_once('.')?;
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.key.public_key().as_ref())
            .verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).ok()?)
            .ok()?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
    }

    fn public_keys(&self) -> Value {
        // An uncompressed point: 4, then 32 bytes each of x and y (SEC 1, 2.3.3).
        let point = self.key.public_key().as_ref();
        let part = |from: usize, to: usize| {
            URL_SAFE_NO_PAD.encode(point.get(from..to).unwrap_or_default())
        };
        json!({"keys": [{
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": KEY_ID,
            "x": part(1, 33), "y": part(33, 65),
        }]})
    }
}

pub(super) fn handle(shared: &Shared, path: &str, incoming: &Incoming) -> Response {
    let issuer = format!("http://{}/oidc", shared.address);
    match path {
        "token" => issue(shared, &issuer, incoming),
        ".well-known/jwks" => reply::json(200, &shared.provider.public_keys()),
        ".well-known/openid-configuration" => reply::json(
            200,
            &json!({
                "issuer": issuer,
                "jwks_uri": format!("{issuer}/.well-known/jwks"),
                "response_types_supported": ["id_token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["ES256"],
            }),
        ),
        _ => reply::json(404, &json!({"message": "Not Found"})),
    }
}

fn issue(shared: &Shared, issuer: &str, incoming: &Incoming) -> Response {
    let sent = incoming.header("authorization").unwrap_or_default();
    let expected = [
        format!("Bearer {}", shared.provider.request_token),
        format!("bearer {}", shared.provider.request_token),
    ];
    if !expected.iter().any(|expected| expected == sent) {
        return reply::json(
            401,
            &json!({"message": "the request token is missing or wrong"}),
        );
    }
    let query = form::parse(&incoming.query);
    let now = shared.clock.now_seconds();
    let identity = random::hex::<16>().map(|jti| Identity {
        iss: issuer.to_owned(),
        sub: shared.config.oidc_subject.clone(),
        aud: query.get("audience").cloned().unwrap_or_default(),
        iat: now,
        exp: now + LIFETIME,
        jti,
    });
    match identity.and_then(|identity| shared.provider.sign(&identity)) {
        Ok(token) => reply::json(200, &json!({"count": token.len(), "value": token})),
        Err(error) => reply::json(500, &json!({"message": error.to_string()})),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn only_this_providers_tokens_verify() {
        let identity = Identity {
            iss: "http://127.0.0.1:1/oidc".to_owned(),
            sub: "repo:acme/tool:ref:refs/tags/v1.0.0".to_owned(),
            aud: "sts.amazonaws.com".to_owned(),
            iat: 1,
            exp: 301,
            jti: "x".to_owned(),
        };
        let provider = Provider::new().unwrap();
        let token = provider.sign(&identity).unwrap();
        assert_eq!(provider.verify(&token), Some(identity));
        assert_eq!(Provider::new().unwrap().verify(&token), None);
        assert_eq!(provider.verify("a.b.c"), None);
        assert_eq!(provider.verify(""), None);
    }
}
