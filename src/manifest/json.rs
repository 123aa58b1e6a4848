//! JSON as npm sees it: what `JSON.parse` makes of a file and what `JSON.stringify` prints.
//!
//! npm reads package.json with JavaScript's `JSON.parse` and sends the document with `JSON.stringify`, so key order,
//! number forms and odd strings are JavaScript's, not `serde_json`'s. The tree is still [`serde_json::Value`] (with
//! `preserve_order` and `arbitrary_precision`); the differences live here:
//!
//! * **keys**: integer-like keys come first in ascending order, a repeated key keeps its first place and its last
//!   value (ECMA-262 `OrdinaryOwnPropertyKeys`);
//! * **numbers** are stored in the form JavaScript prints (`1.0` as `1`, `1e21` as `1e+21`); a literal too big for a
//!   double is stored as [`INFINITY`] and printed as `null`; `-0` is stored as [`NEGATIVE_ZERO`] and printed as `0`;
//! * **strings** may hold half of a surrogate pair, which a Rust string cannot: see [`text`];
//! * **nesting** is limited to [`MAX_DEPTH`], so that no walk over a tree can exhaust the stack.
//!
//! Every string that enters a manifest from elsewhere goes through [`text::escape`], every manifest is printed by
//! [`compact`] or [`pretty`]; `serde_json::to_string` would show the escapes of [`text`].
//!
//! Source: ECMA-262 §25.5, json-parse-even-better-errors 5 (strips one byte order mark), npm-behaviour §4.1.

pub mod text;

mod format;
mod parse;
mod print;
mod syntax_error;

pub use format::Format;
pub use parse::{MAX_DEPTH, parse};
pub use print::{compact, pretty, write_compact};
pub use syntax_error::SyntaxError;

/// The stored form of a number literal beyond the range of a double, which JavaScript holds as `Infinity`.
pub const INFINITY: &str = "1e+999";

/// The stored form of zero with a minus sign, which is false and prints as `0`.
pub const NEGATIVE_ZERO: &str = "-0";

/// The stored form of a negative number literal beyond the range of a double.
pub const NEGATIVE_INFINITY: &str = "-1e+999";

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may fail by panicking")]
mod tests;
