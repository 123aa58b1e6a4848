//! Everything a person or a script reads: data goes to stdout, talk to stderr.
//!
//! The only module that prints. The layout is npm's, with `consign` where npm
//! writes `npm`: `consign notice ...`, `consign warn ...`, `consign error ...`.
//! Library code speaks through [`Log`] and does not know where it ends, nor whether that is a terminal.

mod bar;
pub mod bytes;
mod color;
pub mod contents;
mod control;
pub mod github;
pub mod progress;
pub mod redact;

use std::cell::RefCell;
use std::collections::HashSet;
use std::io::{self, Write};

use serde::Serialize;

use bar::Bar;
use control::visible;
use progress::{Meter, Work};

pub use color::{Color, Colors};

/// How much is said, from nothing to everything; npm's `loglevel`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Level {
    /// Nothing, not even errors.
    Silent,
    /// Errors.
    Error,
    /// And warnings.
    Warn,
    /// And notices: what is being done.
    #[default]
    Notice,
    /// And each request, with its status and time.
    Http,
    /// And other information.
    Info,
    /// And repeated notices.
    Verbose,
    /// And what helps to debug consign itself.
    Silly,
}

impl Level {
    /// Reads npm's name of a level.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "silent" => Self::Silent,
            "error" => Self::Error,
            "warn" => Self::Warn,
            "notice" => Self::Notice,
            "http" => Self::Http,
            "info" => Self::Info,
            "verbose" => Self::Verbose,
            "silly" => Self::Silly,
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Notice => "notice",
            Self::Http => "http",
            Self::Info => "info",
            Self::Verbose => "verbose",
            Self::Silly => "silly",
        }
    }
}

/// Takes what a library function has to say while it works.
pub trait Log {
    /// Says something under a title, which may be empty; every line of the
    /// text gets the prefix.
    fn log(&self, level: Level, title: &str, text: &str);

    /// Whether anything said at that level is heard, for texts that cost
    /// something to make.
    fn hears(&self, level: Level) -> bool;

    /// Begins a piece of work that may be long and that somebody may want to watch; it is over when the meter is
    /// dropped.
    fn begin(&self, work: Work) -> Meter {
        let _ = work;
        Meter::default()
    }
}

/// Hears nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quiet;

impl Log for Quiet {
    fn log(&self, _: Level, _: &str, _: &str) {}

    fn hears(&self, _: Level) -> bool {
        false
    }
}

/// Bytes that a pipe takes in one piece (`PIPE_BUF`): lines are written together as far as no other process's line can
/// come into the middle of one.
const PIECE: usize = 4_096;

/// Prints to two streams.
pub struct Printer {
    level: Level,
    unicode: bool,
    github: bool,
    colors: Colors,
    bar: Option<Bar>,
    said: RefCell<HashSet<(String, Option<String>)>>,
    stdout: RefCell<Box<dyn Write>>,
    stderr: RefCell<Box<dyn Write>>,
}

impl Printer {
    /// Prints to the process's stdout and stderr.
    pub fn standard(level: Level, unicode: bool) -> Self {
        Self::new(
            level,
            unicode,
            Box::new(io::stdout()),
            Box::new(io::stderr()),
        )
    }

    /// Prints to any two writers. With `unicode`, notices show their emoji.
    pub fn new(
        level: Level,
        unicode: bool,
        stdout: Box<dyn Write>,
        stderr: Box<dyn Write>,
    ) -> Self {
        Self {
            level,
            unicode,
            github: false,
            colors: Colors::default(),
            bar: None,
            said: RefCell::default(),
            stdout: RefCell::new(stdout),
            stderr: RefCell::new(stderr),
        }
    }

    /// With annotations for GitHub Actions, or without.
    #[must_use]
    pub fn for_github(mut self, github: bool) -> Self {
        self.github = github;
        self
    }

    /// With colours on these streams.
    #[must_use]
    pub fn with_colors(mut self, colors: Colors) -> Self {
        self.colors = colors;
        self
    }

    /// With a bar on stderr, which is a terminal, for work that is long; or without.
    #[must_use]
    pub fn with_progress(mut self, progress: bool) -> Self {
        let is_shown = progress && self.level > Level::Silent;
        self.bar = is_shown.then(|| Bar::new(io::stderr(), bar::columns));
        self
    }

    /// Which streams show colours.
    pub fn colors(&self) -> Colors {
        self.colors
    }

    /// A text for stdout, in a colour where it shows colours.
    pub fn painted(&self, color: Color, text: &str) -> String {
        paint(self.colors.stdout, color, text)
    }

    /// A text for what is said, in a colour where stderr shows colours.
    pub fn painted_aside(&self, color: Color, text: &str) -> String {
        paint(self.colors.stderr, color, text)
    }

    /// Prints above the bar, where one stands.
    fn above_bar<T>(&self, print: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) => bar.above(print),
            None => print(),
        }
    }

    /// Marks the step of GitHub Actions that this is with an error, if it is one.
    pub fn annotate(&self, title: Option<&str>, text: &str) {
        if self.github {
            let title = title.map_or("consign".into(), |title| format!("consign: {title}"));
            self.aside(&github::error_annotation(&title, text));
        }
    }

    /// Whether emoji are shown.
    pub fn unicode(&self) -> bool {
        self.unicode
    }

    /// Says a notice that is all title. To the rule that nothing is said
    /// twice, a title differs from the same words said as text.
    pub fn heading(&self, title: &str) {
        self.say(Level::Notice, title, None);
    }

    fn say(&self, level: Level, title: &str, text: Option<&str>) {
        if !self.hears(level) {
            return;
        }
        // npm says the same notice only once, unless it is asked to be
        // verbose: with several packages, headings and blank lines vanish.
        if level == Level::Notice
            && self.level < Level::Verbose
            && !self
                .said
                .borrow_mut()
                .insert((title.to_owned(), text.map(str::to_owned)))
        {
            return;
        }
        let mut prefix = self.painted_aside(Color::Bold, "consign");
        let level_name = self.painted_aside(Color::of(level), level.name());
        prefix.extend([" ", &level_name]);
        if !title.is_empty() {
            prefix.extend([" ", &self.painted_aside(Color::BrightBlue, title)]);
        }
        let mut stderr = self.stderr.borrow_mut();
        self.above_bar(|| {
            // Nobody is left to tell when stderr is closed.
            let mut write = |piece: &str| drop(stderr.write_all(piece.as_bytes()));
            let mut piece = String::new();
            for line in visible(text.unwrap_or_default())
                .replace("\r\n", "\n")
                .split('\n')
            {
                if piece.len() + prefix.len() + line.len() + 2 > PIECE {
                    write(&piece);
                    piece.clear();
                }
                let space = if line.is_empty() { "" } else { " " };
                piece.extend([&prefix, space, line, "\n"]);
            }
            write(&piece);
        });
    }

    /// Prints lines on stderr as they are, unless nothing is to be said.
    pub fn aside(&self, lines: &str) {
        if self.hears(Level::Error) {
            // Nobody is left to tell when stderr is closed.
            self.above_bar(|| {
                let _ = writeln!(self.stderr.borrow_mut(), "{}", visible(lines));
            });
        }
    }

    /// Prints one line of data.
    ///
    /// # Errors
    /// Whatever the stream says; a closed pipe among it.
    pub fn data(&self, line: &str) -> io::Result<()> {
        let mut stdout = self.stdout.borrow_mut();
        self.above_bar(|| {
            writeln!(stdout, "{}", visible(line))?;
            stdout.flush()
        })
    }

    /// Prints a question, behind which the answer is typed.
    ///
    /// # Errors
    /// As [`Printer::data`].
    pub fn question(&self, text: &str) -> io::Result<()> {
        let mut stdout = self.stdout.borrow_mut();
        self.above_bar(|| {
            write!(stdout, "{text} ")?;
            stdout.flush()
        })
    }

    /// Prints a value as JSON, indented by two spaces.
    ///
    /// # Errors
    /// As [`Printer::data`].
    pub fn json(&self, value: &impl Serialize) -> io::Result<()> {
        self.data(&serde_json::to_string_pretty(value)?)
    }
}

impl Log for Printer {
    fn log(&self, level: Level, title: &str, text: &str) {
        // A URL may come from anywhere: a correction of `repository`, a registry's answer.
        self.say(level, title, Some(&redact::mask_url_passwords(text)));
    }

    fn hears(&self, level: Level) -> bool {
        level <= self.level && level != Level::Silent
    }

    fn begin(&self, work: Work) -> Meter {
        let bar = self.bar.as_ref();
        bar.map_or_else(Meter::default, |bar| bar.begin(work))
    }
}

fn paint(is_shown: bool, color: Color, text: &str) -> String {
    if is_shown {
        color.paint(text)
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;

    #[derive(Clone, Default)]
    struct Shared(Rc<RefCell<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn stderr_of(level: Level, say: impl Fn(&Printer)) -> String {
        let stderr = Shared::default();
        say(&Printer::new(
            level,
            true,
            Box::new(io::sink()),
            Box::new(stderr.clone()),
        ));
        String::from_utf8_lossy(&stderr.0.borrow()).into_owned()
    }

    #[test]
    fn every_line_gets_the_prefix_and_none_ends_in_a_space() {
        let said = stderr_of(Level::Notice, |printer| {
            printer.heading("");
            printer.log(Level::Notice, "", "");
            printer.log(Level::Notice, "", "");
            printer.heading("Tarball Contents");
            printer.log(Level::Warn, "publish", "a\nb");
            printer.log(Level::Info, "", "not heard");
        });
        assert_eq!(
            said,
            "consign notice\nconsign notice\nconsign notice Tarball Contents\n\
             consign warn publish a\nconsign warn publish b\n"
        );
    }

    #[test]
    fn a_notice_is_said_once_unless_verbose() {
        let twice = |printer: &Printer| {
            printer.log(Level::Notice, "", "same");
            printer.log(Level::Notice, "", "same");
            printer.log(Level::Warn, "", "again");
            printer.log(Level::Warn, "", "again");
        };
        assert_eq!(stderr_of(Level::Notice, twice).lines().count(), 3);
        assert_eq!(stderr_of(Level::Verbose, twice).lines().count(), 4);
        assert_eq!(stderr_of(Level::Silent, twice), "");
    }
}
