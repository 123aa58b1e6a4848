//! Headers that say of the next entry what did not fit into its own: PAX records, and GNU's long names.

use super::ArchiveError;

/// What extended headers say of the next entry.
#[derive(Debug, Default)]
pub(super) struct Extended {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
}

impl Extended {
    /// Takes PAX records: `<length> <key>=<value>\n`.
    pub(super) fn records(&mut self, mut text: &[u8], at: u64) -> Result<(), ArchiveError> {
        let wrong = || ArchiveError::Extension {
            at,
            wrong: "is none",
        };
        while !text.is_empty() && text[0] != 0 {
            let space = memchr::memchr(b' ', text).ok_or_else(wrong)?;
            let length = std::str::from_utf8(&text[..space]).ok();
            let length: usize = length
                .and_then(|digits| digits.parse().ok())
                .ok_or_else(wrong)?;
            let record = text.get(space + 1..length).ok_or_else(wrong)?;
            let record = record.strip_suffix(b"\n").ok_or_else(wrong)?;
            let equals = memchr::memchr(b'=', record).ok_or_else(wrong)?;
            let (key, value) = (&record[..equals], &record[equals + 1..]);
            match key {
                b"path" => self.path = Some(value.to_vec()),
                b"linkpath" => self.link = Some(value.to_vec()),
                b"size" => {
                    let size = std::str::from_utf8(value).ok();
                    self.size = Some(size.and_then(|size| size.parse().ok()).ok_or_else(wrong)?);
                }
                _ => {}
            }
            text = &text[length..];
        }
        Ok(())
    }
}

/// A long name of GNU's ends with a NUL.
pub(super) fn until_nul(text: &[u8]) -> Vec<u8> {
    let end = memchr::memchr(0, text).unwrap_or(text.len());
    text[..end].to_vec()
}
