//! npm's colours: which words get them, and which streams show them.
//!
//! Source: npm 11.19.1, `lib/utils/display.js`, with chalk's escape sequences.

use super::Level;

/// Which streams show colours; none, unless it is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Colors {
    /// Standard output.
    pub stdout: bool,
    /// Standard error.
    pub stderr: bool,
}

impl Colors {
    /// Both streams, whatever they are.
    pub const ALWAYS: Self = Self {
        stdout: true,
        stderr: true,
    };
}

/// One of the colours of npm's palette.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    /// The program's name.
    Bold,
    /// Danger.
    Red,
    /// Success.
    Green,
    /// A warning.
    Yellow,
    /// Emphasis.
    Cyan,
    /// A detail.
    Blue,
    /// A detail of details.
    DimBlue,
    /// A title.
    BrightBlue,
    /// A notice.
    BrightCyan,
}

impl Color {
    /// The text between the sequences that switch the colour on and off.
    pub fn paint(self, text: &str) -> String {
        let (on, off) = match self {
            Self::Bold => ("\x1b[1m", "\x1b[22m"),
            Self::Red => ("\x1b[31m", "\x1b[39m"),
            Self::Green => ("\x1b[32m", "\x1b[39m"),
            Self::Yellow => ("\x1b[33m", "\x1b[39m"),
            Self::Blue => ("\x1b[34m", "\x1b[39m"),
            Self::DimBlue => ("\x1b[34m\x1b[2m", "\x1b[22m\x1b[39m"),
            Self::Cyan => ("\x1b[36m", "\x1b[39m"),
            Self::BrightBlue => ("\x1b[94m", "\x1b[39m"),
            Self::BrightCyan => ("\x1b[96m", "\x1b[39m"),
        };
        format!("{on}{text}{off}")
    }

    /// The colour of a level's name.
    pub(super) fn of(level: Level) -> Self {
        match level {
            Level::Silent | Level::Error => Self::Red,
            Level::Warn => Self::Yellow,
            Level::Notice => Self::BrightCyan,
            Level::Http => Self::Green,
            Level::Info => Self::Cyan,
            Level::Verbose => Self::Blue,
            Level::Silly => Self::DimBlue,
        }
    }
}
