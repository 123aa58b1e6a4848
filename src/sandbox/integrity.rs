//! `sha512-<base64>` (Subresource Integrity) out of the hexadecimal the service keeps.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The integrity string of a SHA-512 in hexadecimal.
pub(crate) fn integrity(sha512: &str) -> String {
    let bytes: Vec<u8> = (0..sha512.len() / 2)
        .filter_map(|index| sha512.get(2 * index..2 * index + 2))
        .filter_map(|pair| u8::from_str_radix(pair, 16).ok())
        .collect();
    format!("sha512-{}", STANDARD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_becomes_base64() {
        assert_eq!(integrity("00ff10"), "sha512-AP8Q");
    }
}
