//! Random names and keys, from the system's generator.

use ring::rand::{SecureRandom, SystemRandom};

/// The system's generator gave no bytes.
#[derive(Debug, thiserror::Error)]
#[error("the system's random generator failed")]
pub(crate) struct NoRandomness;

/// `N` random bytes.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut buffer = [0_u8; N];
    SystemRandom::new()
        .fill(&mut buffer)
        .map_err(|_| NoRandomness)?;
    Ok(buffer)
}

/// `length` characters out of A-Z and 2-7, as access key ids use them.
pub(crate) fn base32(length: usize) -> Result<String, NoRandomness> {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut text = String::with_capacity(length);
    while text.len() < length {
        for byte in bytes::<16>()? {
            if text.len() < length {
                text.push(char::from(ALPHABET[usize::from(byte & 31)]));
            }
        }
    }
    Ok(text)
}

/// `2 * N` lowercase hexadecimal digits.
pub(crate) fn hex<const N: usize>() -> Result<String, NoRandomness> {
    Ok(hex_of(&bytes::<N>()?))
}

/// Lowercase hexadecimal.
pub(crate) fn hex_of(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::unwrap_used, reason = "a test")]
    fn names_have_the_asked_length_and_differ() {
        let first = base32(16).unwrap();
        assert_eq!(first.len(), 16);
        assert_ne!(first, base32(16).unwrap());
        assert_eq!(hex::<20>().unwrap().len(), 40);
    }
}
