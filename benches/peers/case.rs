//! What is packed and published. The packages are made by `corpus.mjs`, which says what is in them.

use std::fmt;

use clap::ValueEnum;

/// A package, or a workspace of packages.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Case {
    /// Three small files.
    Tiny,
    /// 12,919 files of real sources, 34 MB.
    Sources,
    /// One file of 100 MB of real JavaScript.
    Javascript,
    /// 150 MB random, 150 MB zeros.
    HalfRandom,
    /// 100,000 small files.
    Many,
    /// 200 workspace members.
    Members,
    /// 1.3 GB random.
    Huge,
}

/// What is done with a package.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Job {
    /// To a file.
    Pack,
    /// To the loopback registry.
    Publish,
}

impl Case {
    /// All cases but `huge`, which takes minutes and which only some clients can do.
    pub(crate) fn usual() -> Vec<Self> {
        Self::value_variants()
            .iter()
            .copied()
            .filter(|&case| case != Self::Huge)
            .collect()
    }

    /// The folder in the corpus.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Tiny => "tiny",
            Self::Sources => "sources",
            Self::Javascript => "javascript",
            Self::HalfRandom => "half-random",
            Self::Many => "many",
            Self::Members => "members",
            Self::Huge => "huge",
        }
    }

    /// In words, for the table.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Tiny => "tiny",
            Self::Sources => "12,919 files, 34 MB",
            Self::Javascript => "100 MB real JavaScript",
            Self::HalfRandom => "300 MB half random",
            Self::Many => "100,000 small files",
            Self::Members => "200 workspace members",
            Self::Huge => "1.3 GB random",
        }
    }

    /// What is measured with it.
    pub(crate) const fn jobs(self) -> &'static [Job] {
        match self {
            Self::Javascript | Self::Many => &[Job::Pack],
            Self::HalfRandom | Self::Huge => &[Job::Publish],
            Self::Tiny | Self::Sources | Self::Members => &[Job::Pack, Job::Publish],
        }
    }
}

impl fmt::Display for Job {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Pack => "pack",
            Self::Publish => "publish",
        })
    }
}
