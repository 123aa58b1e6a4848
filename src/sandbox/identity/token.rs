//! Bearer tokens: five dot-separated parts, sealed with a key only the sandbox has.
//!
//! The shape is the one seen of the service (JWE compact serialization, RFC 7516, `A128GCMKW` over
//! `A128GCM`, header fields `ver`, `isu`, `enc`, `tag`, `exp`, `alg`, `iv`). The claims are inside,
//! so a token outlives a restart under `--data` and nothing about it can be edited.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::sandbox::names::DomainKey;
use crate::sandbox::random;

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    pub(crate) principal: String,
    pub(crate) domain: DomainKey,
    pub(crate) region: String,
    /// Seconds since 1970.
    pub(crate) issued: i64,
    /// Seconds since 1970.
    pub(crate) expires: i64,
}

#[derive(Serialize, Deserialize)]
struct Header {
    ver: u8,
    isu: i64,
    enc: String,
    tag: String,
    exp: i64,
    alg: String,
    iv: String,
}

/// Tokens that count as expired, whatever they say.
#[derive(Debug, Default)]
pub(crate) struct Expired(Mutex<BTreeSet<[u8; 32]>>);

impl Expired {
    pub(crate) fn add(&self, token: &str) {
        self.lock().insert(Sha256::digest(token).into());
    }

    pub(crate) fn contains(&self, token: &str) -> bool {
        let expired = self.lock();
        !expired.is_empty() && expired.contains::<[u8; 32]>(&Sha256::digest(token).into())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<[u8; 32]>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A token could not be made.
#[derive(Debug, thiserror::Error)]
#[error("a token could not be sealed")]
pub(crate) struct SealError;

/// Seals the claims.
pub(crate) fn seal(key: &[u8; 16], claims: &Claims) -> Result<String, SealError> {
    let content_key: [u8; 16] = random::bytes().map_err(|_| SealError)?;
    let (key_iv, mut wrapped, key_tag) = encrypt(key, &content_key, &[])?;
    let header = Header {
        ver: 1,
        isu: claims.issued,
        enc: "A128GCM".to_owned(),
        tag: URL_SAFE_NO_PAD.encode(key_tag),
        exp: claims.expires,
        alg: "A128GCMKW".to_owned(),
        iv: URL_SAFE_NO_PAD.encode(key_iv),
    };
    let header = serde_json::to_vec(&header).map_err(|_| SealError)?;
    let header = URL_SAFE_NO_PAD.encode(header);
    let plain = serde_json::to_vec(claims).map_err(|_| SealError)?;
    let (iv, sealed, tag) = encrypt(&content_key, &plain, header.as_bytes())?;
    let parts = [
        URL_SAFE_NO_PAD.encode(&wrapped),
        URL_SAFE_NO_PAD.encode(iv),
        URL_SAFE_NO_PAD.encode(sealed),
        URL_SAFE_NO_PAD.encode(tag),
    ];
    wrapped.fill(0);
    Ok(format!("{header}.{}", parts.join(".")))
}

/// Opens a token. Nothing is said of expiry, domain or region: the caller compares the claims.
pub(crate) fn open(key: &[u8; 16], token: &str) -> Option<Claims> {
    let mut parts = token.split('.');
    let header_text = parts.next()?;
    let mut decoded = || URL_SAFE_NO_PAD.decode(parts.next()?).ok();
    let (wrapped, iv, sealed, tag) = (decoded()?, decoded()?, decoded()?, decoded()?);
    if parts.next().is_some() {
        return None;
    }
    let header: Header = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header_text).ok()?).ok()?;
    let key_iv = URL_SAFE_NO_PAD.decode(&header.iv).ok()?;
    let key_tag = URL_SAFE_NO_PAD.decode(&header.tag).ok()?;
    let content_key: [u8; 16] = decrypt(key, &key_iv, wrapped, &key_tag, &[])?
        .try_into()
        .ok()?;
    let plain = decrypt(&content_key, &iv, sealed, &tag, header_text.as_bytes())?;
    serde_json::from_slice(&plain).ok()
}

type Sealed = ([u8; 12], Vec<u8>, Vec<u8>);

fn encrypt(key: &[u8; 16], plain: &[u8], additional: &[u8]) -> Result<Sealed, SealError> {
    let key = UnboundKey::new(&AES_128_GCM, key).map_err(|_| SealError)?;
    let iv: [u8; 12] = random::bytes().map_err(|_| SealError)?;
    let mut text = plain.to_vec();
    let tag = LessSafeKey::new(key)
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(iv),
            Aad::from(additional),
            &mut text,
        )
        .map_err(|_| SealError)?;
    Ok((iv, text, tag.as_ref().to_vec()))
}

fn decrypt(
    key: &[u8; 16],
    iv: &[u8],
    mut sealed: Vec<u8>,
    tag: &[u8],
    additional: &[u8],
) -> Option<Vec<u8>> {
    let key = UnboundKey::new(&AES_128_GCM, key).ok()?;
    sealed.extend_from_slice(tag);
    let nonce = Nonce::try_assume_unique_for_key(iv).ok()?;
    LessSafeKey::new(key)
        .open_in_place(nonce, Aad::from(additional), &mut sealed)
        .ok()
        .map(|plain| plain.to_vec())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn claims() -> Claims {
        Claims {
            principal: "arn:aws:iam::111122223333:user/release".to_owned(),
            domain: DomainKey {
                owner: "111122223333".to_owned(),
                name: "team".to_owned(),
            },
            region: "us-east-1".to_owned(),
            issued: 1_000,
            expires: 44_200,
        }
    }

    #[test]
    fn a_token_has_five_parts_and_a_readable_expiry() {
        let token = seal(&[7; 16], &claims()).unwrap();
        assert!(token.starts_with("eyJ2ZX"));
        assert_eq!(token.split('.').count(), 5);
        let header = URL_SAFE_NO_PAD
            .decode(token.split('.').next().unwrap())
            .unwrap();
        let header: Header = serde_json::from_slice(&header).unwrap();
        assert_eq!(header.exp - header.isu, 43_200);
        assert_eq!(open(&[7; 16], &token), Some(claims()));
    }

    #[test]
    fn any_changed_character_breaks_a_token() {
        let token = seal(&[7; 16], &claims()).unwrap();
        for at in 0..token.len() {
            let mut other = token.clone().into_bytes();
            other[at] = if other[at] == b'A' { b'Q' } else { b'A' };
            assert_eq!(
                open(&[7; 16], &String::from_utf8(other).unwrap()),
                None,
                "{at}"
            );
        }
        assert_eq!(open(&[8; 16], &token), None);
        assert_eq!(open(&[7; 16], "garbage"), None);
        assert_eq!(open(&[7; 16], &format!("{token}.x")), None);
    }
}
