//! Somebody in front of the terminal, asked for a one-time password.
//!
//! The words are npm's (11.19.1 `lib/utils/auth.js`, `read-user-info.js`, `open-url.js`).

use std::io::{self, BufRead, IsTerminal as _};
use std::process::{Command, Stdio};
use std::thread;

use url::Url;

use crate::cli::session::Session;
use crate::config::ConfigValue;
use crate::output::{Level, Printer};
use crate::publish::SecondFactor;
use crate::registry::OneTimePassword;

/// What opens a page in the user's browser.
const OPENER: &str = if cfg!(target_os = "macos") {
    "open"
} else {
    "xdg-open"
};

/// A terminal at both ends.
pub(super) struct Terminal<'a> {
    session: &'a Session<'a>,
}

impl<'a> Terminal<'a> {
    /// `None` where nobody would see the question or could answer it.
    pub(super) fn of(session: &'a Session<'a>) -> Option<Self> {
        let is_there = io::stdin().is_terminal() && io::stdout().is_terminal();
        is_there.then_some(Self { session })
    }

    /// Whether pages are opened. npm takes every value of `browser` but false for true.
    fn opens_pages(&self) -> bool {
        let browser = self.session.config.value("browser");
        browser != Some(&ConfigValue::Bool(false))
    }
}

impl SecondFactor for Terminal<'_> {
    fn code(&self) -> io::Result<OneTimePassword> {
        let ask = || {
            let printer = &self.session.printer;
            printer.data("This operation requires a one-time password.")?;
            printer.question("Enter OTP:")
        };
        read_code(&mut io::stdin().lock(), ask)
    }

    fn show(&self, address: &Url) -> io::Result<()> {
        let printer = &self.session.printer;
        let title = format!("Authenticate your account at:\n{address}");
        if self.session.settings.json {
            printer.aside(&title);
        } else {
            printer.data(&title)?;
        }
        if !self.opens_pages() {
            return Ok(());
        }
        printer.question("Press ENTER to open in the browser...")?;
        let address = address.to_string();
        // Waits for a key that may never be pressed; it ends with the process.
        thread::spawn(move || {
            let mut line = String::new();
            if io::stdin()
                .lock()
                .read_line(&mut line)
                .is_ok_and(|read| read > 0)
            {
                let opened = Command::new(OPENER)
                    .arg(&address)
                    .stdin(Stdio::null())
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .status();
                if !opened.is_ok_and(|status| status.success()) {
                    Printer::standard(Level::Error, false).aside(&format!(
                        "Browser unavailable. Please open the URL manually:\n{address}"
                    ));
                }
            }
        });
        Ok(())
    }
}

/// Asks until the answer is a code: digits, or 64 hexadecimal digits of a recovery code.
fn read_code(
    input: &mut impl BufRead,
    ask: impl Fn() -> io::Result<()>,
) -> io::Result<OneTimePassword> {
    loop {
        ask()?;
        let mut line = String::new();
        if input.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = line.trim_end_matches(['\r', '\n']);
        let is_number = line
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b' ');
        let is_recovery = line.len() == 64 && line.bytes().all(|byte| byte.is_ascii_hexdigit());
        let code: String = line.split_whitespace().collect();
        if !code.is_empty()
            && (is_number || is_recovery)
            && let Some(code) = OneTimePassword::new(&code)
        {
            return Ok(code);
        }
    }
}

#[cfg(test)]
#[expect(clippy::expect_used, reason = "a test that cannot go on stops")]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn it_asks_until_the_answer_is_a_code() {
        let recovery = "0aF9".repeat(16);
        for (typed, questions) in [
            ("123456\n", 1),
            ("123 456\r\n", 1),
            ("\nabc\n  \n12-3\n123456", 5),
            (recovery.as_str(), 1),
        ] {
            let asked = Cell::new(0);
            let ask = || {
                asked.set(asked.get() + 1);
                Ok(())
            };
            let code = read_code(&mut typed.as_bytes(), ask).expect("a code");
            assert_eq!(format!("{code:?}"), "****");
            assert_eq!(asked.get(), questions, "{typed:?}");
        }
        let ended = read_code(&mut "abc\n".as_bytes(), || Ok(())).map(|_| ());
        let ended = ended.expect_err("the end of input");
        assert_eq!(ended.kind(), io::ErrorKind::UnexpectedEof);
    }
}
