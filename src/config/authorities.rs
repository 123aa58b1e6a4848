//! Whose certificates are believed: `ca`, and the file that `cafile` names.
//!
//! npm reads the file with every command (`@npmcli/config` 10.12, `definitions.js`, `cafile`). A system's
//! collection has hundreds of kilobytes, and most commands speak no TLS: here a file is only looked at, and read by who
//! needs it.

use std::fmt;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::value::is_white_space;

/// Authorities to trust.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Authorities {
    /// The system's.
    #[default]
    System,
    /// These, each in PEM.
    Pem(Arc<[String]>),
    /// Those in this file.
    File(PathBuf),
}

impl fmt::Debug for Authorities {
    /// Without the texts: a flag without its value takes the next word for it, whatever that is.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => formatter.write_str("System"),
            Self::Pem(certificates) => write!(formatter, "Pem({})", certificates.len()),
            Self::File(_) => formatter.write_str("File"),
        }
    }
}

/// No authority means the system's.
impl FromIterator<String> for Authorities {
    fn from_iter<I: IntoIterator<Item = String>>(certificates: I) -> Self {
        let certificates: Arc<[String]> = certificates.into_iter().collect();
        if certificates.is_empty() {
            Self::System
        } else {
            Self::Pem(certificates)
        }
    }
}

impl Authorities {
    /// Reads the file, if it is one.
    ///
    /// # Errors
    /// The system's, for a file that cannot be read any more.
    pub fn read(&self) -> io::Result<Self> {
        match self {
            Self::File(path) => Ok(certificates(fs::read(path)?).into_iter().collect()),
            read => Ok(read.clone()),
        }
    }
}

/// What a look at a `cafile` showed.
pub(super) enum Cafile {
    /// It is missing or empty, and counts for nothing.
    Empty,
    /// It can be read when it is needed.
    ReadLater,
    /// It can be read but once, as a pipe.
    Read(Vec<String>),
}

/// Looks at a `cafile`.
///
/// # Errors
/// The system's, for a file that cannot be read.
pub(super) fn look_at(path: &Path) -> io::Result<Cafile> {
    let metadata = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Cafile::Empty),
        metadata => metadata?,
    };
    // Some files have bytes and say that they have none, as those of /proc.
    if metadata.is_file() && metadata.len() > 0 {
        File::open(path)?;
        return Ok(Cafile::ReadLater);
    }
    let bytes = fs::read(path)?;
    Ok(if bytes.is_empty() {
        Cafile::Empty
    } else {
        Cafile::Read(certificates(bytes))
    })
}

/// Cuts a file into certificates, as npm does: what is no certificate stays, to be refused where it is used.
fn certificates(bytes: Vec<u8>) -> Vec<String> {
    const END: &str = "-----END CERTIFICATE-----";
    let text = String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
        .replace("\r\n", "\n");
    text.split(END)
        .map(|part| part.trim_start_matches(is_white_space))
        .filter(|part| !part.is_empty())
        .map(|part| format!("{part}{END}"))
        .collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails where it must not")]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_cut_into_certificates() {
        let text = "-----BEGIN CERTIFICATE-----\r\nA\r\n-----END CERTIFICATE-----\r\n\
                    -----BEGIN CERTIFICATE-----\nB\n-----END CERTIFICATE-----\n";
        let expected = ["A", "B"]
            .map(|body| format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----"));
        assert_eq!(certificates(text.into()), expected);
        assert!(certificates(" \n".into()).is_empty());
    }

    #[test]
    fn a_file_is_looked_at_and_not_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ca.pem");
        assert!(matches!(look_at(&path).unwrap(), Cafile::Empty));
        fs::write(&path, "").unwrap();
        assert!(matches!(look_at(&path).unwrap(), Cafile::Empty));
        fs::write(&path, "A").unwrap();
        assert!(matches!(look_at(&path).unwrap(), Cafile::ReadLater));
        let read = Authorities::File(path.clone()).read().unwrap();
        assert_eq!(
            read,
            Authorities::from_iter(["A-----END CERTIFICATE-----".to_owned()])
        );
        look_at(directory.path()).map(drop).unwrap_err();
        fs::remove_file(&path).unwrap();
        Authorities::File(path).read().unwrap_err();
    }
}
