//! JSON as JavaScript has it, by rule.

use miette::Diagnostic;
use serde_json::Value;

use super::{MAX_DEPTH, SyntaxError, compact, parse, pretty, text};

fn printed(source: &str) -> String {
    compact(&parse(source.as_bytes()).unwrap())
}

#[test]
fn keys_that_are_array_indices_come_first() {
    for (source, expected) in [
        (
            r#"{"b":1,"10":2,"a":3,"9":4}"#,
            r#"{"9":4,"10":2,"b":1,"a":3}"#,
        ),
        (
            r#"{"a":1,"01":2,"0":3,"-1":4,"1.0":5}"#,
            r#"{"0":3,"a":1,"01":2,"-1":4,"1.0":5}"#,
        ),
        (
            r#"{"4294967295":1,"4294967294":2}"#,
            r#"{"4294967294":2,"4294967295":1}"#,
        ),
        (r#"{"a":1,"b":2,"a":3}"#, r#"{"a":3,"b":2}"#),
        (r#"{"1":1,"__proto__":2,"1":3}"#, r#"{"1":3,"__proto__":2}"#),
    ] {
        assert_eq!(printed(source), expected);
    }
}

#[test]
fn numbers_are_doubles_in_javascripts_form() {
    for (source, expected) in [
        ("1.0", "1"),
        ("-0", "0"),
        ("-0.0e5", "0"),
        ("1e21", "1e+21"),
        ("123456789012345680000", "123456789012345680000"),
        ("1E-7", "1e-7"),
        ("0.000001", "0.000001"),
        ("9007199254740993", "9007199254740992"),
        ("1e400", "null"),
        ("-1e400", "null"),
        ("1e-400", "0"),
        ("5e-324", "5e-324"),
    ] {
        assert_eq!(printed(source), expected, "{source}");
    }
}

#[test]
fn strings_survive_the_round_trip() {
    for (source, expected) in [
        (r#""\ud800""#, r#""\ud800""#),
        (r#""\uD83D\uDE00""#, "\"😀\""),
        (r#""\ud83d\ud83d\ude00\ude00""#, "\"\\ud83d😀\\ude00\""),
        (r#""\ud83dx\ude00""#, r#""\ud83dx\ude00""#),
        (
            r#""\u0000\u001f\/\u007f\u2028""#,
            "\"\\u0000\\u001f/\u{7f}\u{2028}\"",
        ),
        ("\"\u{fdd0}\"", "\"\u{fdd0}\""),
        (r#""\ufdd0\ud800""#, "\"\u{fdd0}\\ud800\""),
        (r#"{"\udfff":1}"#, r#"{"\udfff":1}"#),
    ] {
        assert_eq!(printed(source), expected, "{source}");
    }
}

#[test]
fn a_byte_order_mark_is_skipped_once_and_bad_bytes_are_replaced() {
    assert_eq!(printed("\u{feff} {}"), "{}");
    assert!(parse("\u{feff}\u{feff}{}".as_bytes()).is_err());
    assert_eq!(
        compact(&parse(b"\"\xff\xe2\x82\"").unwrap()),
        "\"\u{fffd}\u{fffd}\""
    );
}

#[test]
fn indentation_is_two_spaces_and_empty_containers_stay_closed() {
    let value = parse(br#"{"a":[],"b":{},"c":[1,{"d":null}]}"#).unwrap();
    let expected = "{\n  \"a\": [],\n  \"b\": {},\n  \"c\": [\n    1,\n    {\n      \"d\": null\n    }\n  ]\n}";
    assert_eq!(pretty(&value), expected);
}

#[test]
fn what_is_not_json_is_refused_where_it_stops_being_it() {
    for (source, line, column) in [
        ("", 1, 1),
        ("{", 1, 2),
        ("{\n  \"a\": 1,\n}", 3, 1),
        ("{\"é\": 'x'}", 1, 7),
        ("{\"a\" 1}", 1, 6),
        ("[1 2]", 1, 4),
        ("[1,]", 1, 4),
        ("01", 1, 2),
        ("1.", 1, 3),
        ("-", 1, 2),
        ("1e+", 1, 4),
        ("tru", 1, 1),
        ("\"a\nb\"", 1, 3),
        ("\"\\x\"", 1, 3),
        ("\"\\u12g4\"", 1, 6),
        ("\"\\u12", 1, 6),
        ("\"abc", 1, 5),
        ("{} {}", 1, 4),
        ("// no\n{}", 1, 1),
        ("\u{a0}{}", 1, 1),
        ("{\r\n\"a\":1\r\n\"b\":2}", 3, 1),
    ] {
        let error = parse(source.as_bytes()).unwrap_err();
        assert_eq!(
            (error.line(), error.column()),
            (line, column),
            "{source:?}: {error}"
        );
    }
}

#[test]
fn an_error_shows_its_place_in_the_text() {
    let error: SyntaxError = parse("\u{feff}{\"a\": 1,}".as_bytes()).unwrap_err();
    assert_eq!(error.offset(), "\u{feff}{\"a\": 1,".len());
    let label = error.labels().unwrap().next().unwrap();
    assert_eq!((label.offset(), label.len()), (error.offset(), 1));
    assert!(
        error
            .source_code()
            .unwrap()
            .read_span(label.inner(), 0, 0)
            .is_ok()
    );
    assert!(!error.is_merge_conflict());
    assert!(parse(b"{\n<<<<<<< HEAD\n").unwrap_err().is_merge_conflict());
}

#[test]
fn deep_nesting_is_refused_before_it_can_exhaust_a_stack() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let nested = |depth: usize| format!("{}1{}", open.repeat(depth), close.repeat(depth));
        let value = parse(nested(MAX_DEPTH).as_bytes()).unwrap();
        assert_eq!(compact(&value.clone()), nested(MAX_DEPTH));
        assert!(value == value.clone());
        assert!(format!("{value:?}").len() > MAX_DEPTH);
        drop(value);
        assert!(parse(nested(MAX_DEPTH + 1).as_bytes()).is_err());
        assert!(parse(open.repeat(1_000_000).as_bytes()).is_err());
    }
    assert_eq!(parse(b"[[1],[2]]").unwrap(), serde_json::json!([[1], [2]]));
}

#[test]
fn any_bytes_are_parsed_or_refused() {
    // Every prefix of a text that uses the whole grammar.
    let text = r#"{"a":[1,-2.5e+3,"\ud83d\ude00\n",{"b":null}],"c":true,"d":false,"é":""}"#;
    for end in 0..text.len() {
        assert!(parse(&text.as_bytes()[..end]).is_err(), "{end}");
    }
    assert!(matches!(parse(text.as_bytes()), Ok(Value::Object(_))));
    assert_eq!(text::length("é😀"), 3);
}
