//! Values as JSON text, by field.

use crate::support::Random;

type Value = fn(&mut Random) -> String;

pub(crate) const FIELDS: &[(&str, Value)] = &[
    ("description", description),
    ("keywords", keywords),
    ("homepage", homepage),
    ("bugs", bugs),
    ("license", |random| {
        random
            .pick(&["\"MIT\"", "\"\"", "{\"type\":\"MIT\"}", "\" \""])
            .to_owned()
    }),
    ("author", person),
    ("contributors", people),
    ("maintainers", people),
    ("funding", |random| {
        random
            .pick(&[
                "\"https://x\"",
                "{\"url\":\"u\"}",
                "[\"a\",{\"url\":\"b\"}]",
                "\"\"",
            ])
            .to_owned()
    }),
    ("files", |random| {
        random
            .one_of(r#"["lib"] ¦ ["",null,5,"a"] ¦ [] ¦ "lib" ¦ {"0":"a"}"#)
            .to_owned()
    }),
    ("main", |random| {
        random
            .one_of(r#""index.js" ¦ "lib/main.js" ¦ "./lib/main" ¦ "../main.js" ¦ "lib/" ¦ "" ¦ ".js" ¦ "lib" ¦ "./"
"/index.mjs""#)
            .to_owned()
    }),
    ("types", |random| {
        random.pick(&["\"t.d.ts\"", "null", "\"\""]).to_owned()
    }),
    ("typings", |random| {
        random.pick(&["\"t.d.ts\"", "null"]).to_owned()
    }),
    ("bin", bin),
    ("man", |random| {
        random
            .one_of(r#""./man/a.1" ¦ ["man/a.1",5,"../x.2",null] ¦ [] ¦ [null] ¦ {"a":"b"} ¦ "" ¦ ["","C:\\a.1"]"#)
            .to_owned()
    }),
    ("directories", directories),
    ("repository", repository),
    ("repositories", |random| format!("[{}]", repository(random))),
    ("scripts", scripts),
    ("gypfile", |random| {
        random.pick(&["false", "true", "null", "0"]).to_owned()
    }),
    ("dependencies", dependencies),
    ("devDependencies", dependencies),
    ("optionalDependencies", dependencies),
    ("peerDependencies", dependencies),
    ("bundleDependencies", bundle),
    ("bundledDependencies", bundle),
    ("modules", |random| {
        random.pick(&["{\"a\":\"b\"}", "\"\"", "true"]).to_owned()
    }),
    ("readme", |random| {
        random
            .one_of(r##""given" ¦ "" ¦ "# a\n\nb c\nd\n" ¦ "ERROR: No README data found!" ¦ "\ud800 x""##)
            .to_owned()
    }),
    ("readmeFilename", |random| {
        random.pick(&["\"X.md\"", "null"]).to_owned()
    }),
    ("gitHead", |random| {
        random.pick(&["\"abc\"", "\"\"", "5"]).to_owned()
    }),
    ("private", |random| {
        random.pick(&["false", "\"\"", "true", "null"]).to_owned()
    }),
    ("dist", |random| {
        random
            .one_of(r#"{"shasum":"x","a":1} ¦ "ab" ¦ [1] ¦ null ¦ 5"#)
            .to_owned()
    }),
    ("engines", |_| "{\"node\":\">=1\"}".to_owned()),
    ("exports", |_| {
        "{\".\":\"./a.js\",\"1\":1,\"0\":1.50}".to_owned()
    }),
    ("publishConfig", |_| "{\"access\":\"public\"}".to_owned()),
    ("_resolved", |_| "\"r\"".to_owned()),
    ("dependancies", |_| "{\"a\":\"1\"}".to_owned()),
];

const ODD: &[&str] = &[
    "null",
    "false",
    "true",
    "0",
    "-0",
    "1",
    "1.0",
    "-1e400",
    "1e400",
    "1e21",
    "1E-7",
    "123456789012345680000",
    "0.1e1",
    "\"\"",
    "\" \"",
    "\"x\"",
    "[]",
    "{}",
    "[1]",
    "[\"a\",null,[\"b\"]]",
    "[null]",
    "{\"a\":1}",
    "{\"toString\":1}",
    "[{\"toString\":0}]",
    "\"\\ud800\"",
    "\"\\udc00\\ud800\"",
    "\"\\ud83d\\ude00\"",
    "\"\u{fdd0}\"",
    "{\"__proto__\":\"x\"}",
    "{\"b\":1,\"1\":2,\"a\":3,\"0\":4,\"b\":5}",
    "\"\\u0000\\u001f\\u007f\\u2028\\/\"",
    "{\"valueOf\":1}",
    "[[[]]]",
    "4.35e-320",
    "5e-325",
    "9007199254740993",
    "\"a\\\"b\\\\c\"",
];

pub(crate) fn odd(random: &mut Random) -> String {
    random.pick(ODD).to_owned()
}

fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

pub(crate) fn name(random: &mut Random) -> String {
    if random.chance(85) {
        return random
            .one_of(r#""foo" ¦ "@sc/foo" ¦ " foo " ¦ "http" ¦ "Foo" ¦ "a.b-c_d" ¦ "a~b!*'()" ¦ "fs/promises""#)
            .to_owned();
    }
    if random.chance(20) {
        return odd(random);
    }
    random
        .one_of(r#""@a/b/c" ¦ ".a" ¦ "_a" ¦ "-a" ¦ "a b" ¦ "node_modules" ¦ "favicon.ICO" ¦ "é" ¦ "a%20b" ¦ "a:b"
"@/a" ¦ "@a/" ¦ "  " ¦ "@sc/.a" ¦ "@sc" ¦ "a@b" ¦ "@SC/_x" ¦ "\ud800" ¦ "@a/\ud800" ¦ "_" ¦ "a.tgz"
"@-a/b" ¦ "Node_modules" ¦ "a+b" ¦ "x.tar""#)
        .to_owned()
}

pub(crate) fn version(random: &mut Random) -> String {
    if random.chance(85) {
        return random
            .one_of(r#""1.0.0" ¦ "v1.2.3" ¦ "=1.2.3+b" ¦ " 1.2.3 " ¦ "01.2.3-beta" ¦ "1.2.3-a.0.x" ¦ "0.0.0"
"1.2.3beta.01""#)
            .to_owned();
    }
    if random.chance(20) {
        return odd(random);
    }
    random
        .pick(&[
            "\"1\"",
            "\"1.2\"",
            "\"1.2.3.4\"",
            "\"1.2.34.5\"",
            "\"1.2.3-\"",
            "\"x\"",
            "\"9007199254740992.0.0\"",
            "\"9007199254740991.0.0\"",
            "\"1.0.0-9007199254740993\"",
            "\"1.0.0-009007199254740993\"",
            "\"1.0.0+\"",
            "\"1.0.0+a..b\"",
            "\"1.0.0-a..b\"",
            "\"= v = 1.0.0\"",
            "\"\u{a0}1.0.0\u{feff}\"",
            "\"1.0.0 -a\"",
            "\"١.0.0\"",
            "\"1.0.0-é\"",
        ])
        .to_owned()
}

fn description(random: &mut Random) -> String {
    random.pick(&["\"text\"", "\"\"", "\"a\\nb\""]).to_owned()
}

fn keywords(random: &mut Random) -> String {
    random
        .one_of(r#""a,b, c" ¦ ["a","",null,"b"] ¦ "" ¦ "a, , b,\n c," ¦ [] ¦ {"a":1} ¦ ",\u00a0x" ¦ [["a"],{}]"#)
        .to_owned()
}

fn homepage(random: &mut Random) -> String {
    random
        .one_of(r#""https://x.y/#z" ¦ "x.y" ¦ "" ¦ "a:b" ¦ "//x" ¦ " https://x " ¦ "http://[" ¦ "mailto:x"
"http://a b" ¦ "C:\\x" ¦ "file:///x" ¦ "http://ex ample" ¦ "https://""#)
        .to_owned()
}

fn bugs(random: &mut Random) -> String {
    random
        .one_of(
            r#""a@b.c" ¦ "http://x" ¦ "nothing" ¦ {"web":"http://q","email":"bad"}
{"url":"http://u","name":"http://n","email":"a@b.c"} ¦ {"email":"a@b.c","url":"no"}
{"web":"http://w","url":"http://u","name":""} ¦ {"url":["http://list"],"email":["a@b.c"]}
{"url":5} ¦ {"url":{"toString":1}} ¦ ["http://x"] ¦ "@." ¦ ".@" ¦ {"email":"a.b@c"} ¦ {}"#,
        )
        .to_owned()
}

fn person(random: &mut Random) -> String {
    random
        .one_of(
            r#""A B <a@b.c> (http://x)" ¦ "A" ¦ "" ¦ "<a> (b) <c>" ¦ "(u)A<e>"
{"name":"n","email":"e","url":"u","x":1} ¦ {"name":"n","mail":"m","web":"w"}
{"name":5,"url":["a",null]} ¦ {"name":{"toString":1}} ¦ {"email":"a>b<c","name":"x (y)"} ¦ 5 ¦ ["a"]
{} ¦ "\ud800 <\ud801>" ¦ "((a)) <<b>> <>()" ¦ {"name":{},"email":true} ¦ " \u00a0\ufeff(x\ny)""#,
        )
        .to_owned()
}

fn people(random: &mut Random) -> String {
    let mut people: Vec<String> = (0..random.below(4)).map(|_| person(random)).collect();
    if random.chance(3) {
        people.push(odd(random));
    }
    format!("[{}]", people.join(","))
}

const PATHS: &[&str] = &[
    "cli.js",
    "./cli.js",
    "bin/a",
    "../y.js",
    "/abs.js",
    "C:\\x\\y.js",
    "a//b",
    "",
    ".",
    "/",
    "..",
    "bin/sub/",
    "a\\b",
    "./",
    "__proto__",
    "x:y",
    "bin/\u{fdd0}x",
];
const KEYS: &[&str] = &[
    "a",
    "b",
    "@sc/a",
    "x/b",
    "",
    "/",
    "..",
    "10",
    "9",
    "z/10",
    "__proto__",
    "q/__proto__",
    "a:b",
    "a\\b",
    "constructor",
    "./c",
    "c/",
];

fn bin(random: &mut Random) -> String {
    let path = |random: &mut Random| {
        if random.chance(6) {
            odd(random)
        } else {
            quote(random.pick(PATHS))
        }
    };
    match random.below(3) {
        0 => quote(random.pick(PATHS)),
        1 => {
            let paths: Vec<String> = (0..random.below(4))
                .map(|_| quote(random.pick(PATHS)))
                .collect();
            let odd_path = if random.chance(5) {
                format!("{}{}", if paths.is_empty() { "" } else { "," }, odd(random))
            } else {
                String::new()
            };
            format!("[{}{odd_path}]", paths.join(","))
        }
        _ => {
            let entries: Vec<String> = (0..random.below(6))
                .map(|_| format!("{}:{}", quote(random.pick(KEYS)), path(random)))
                .collect();
            format!("{{{}}}", entries.join(","))
        }
    }
}

fn directories(random: &mut Random) -> String {
    let directory = |random: &mut Random| {
        if random.chance(8) {
            odd(random)
        } else {
            quote(random.one_of(r"bin ¦ ./bin/ ¦ man ¦ man/sub ¦ nowhere ¦ ../p/bin ¦ linked ¦  ¦ . ¦ cli.js ¦ bin/a ¦ /"))
        }
    };
    format!(
        "{{\"bin\":{},\"man\":{}}}",
        directory(random),
        directory(random)
    )
}

pub(crate) fn git_url(random: &mut Random) -> String {
    let scheme = random.one_of(r" ¦  ¦ git:// ¦ http:// ¦ https:// ¦ ssh:// ¦ git+ssh:// ¦ git+https:// ¦ git+http:// ¦ git+file://
github: ¦ gitlab: ¦ bitbucket: ¦ gist: ¦ sourcehut: ¦ GitHub: ¦ git: ¦ https: ¦ svn:// ¦ ://
git+ssh: ¦ github:// ¦ HTTPS://");
    let auth =
        random.one_of(r" ¦  ¦  ¦  ¦ git@ ¦ user:pass@ ¦ u%40:p%3a@ ¦ :p@ ¦ u:@ ¦ x@y@ ¦ %zz@");
    let host = random.one_of(
        r" ¦ github.com/ ¦ github.com: ¦ www.github.com/ ¦ gitlab.com/ ¦ gitlab.com: ¦ bitbucket.org/
gist.github.com/ ¦ git.sr.ht/ ¦ example.com/ ¦ GitHub.com/ ¦ github.com:22/ ¦ www.www.github.com/
gist.github.com: ¦ github.com ¦ github.com// ¦ git.sr.ht:~ ¦ codeberg.org:",
    );
    let path = random.one_of(r"foo/bar ¦ foo/bar.git ¦ foo ¦ foo/bar/ ¦ foo/bar/tree/main/x ¦ foo/bar/tree ¦ foo/bar/blob/x ¦ ~a/b
a/b/c ¦  ¦ f%6fo/b%20r ¦ foo/%zz ¦ foo/.git ¦ 0123456789abcdef ¦ foo/bar/-/x ¦ foo/raw/x
foo/bar/raw ¦ foo/bar/get/x ¦ foo/bar/archive/v1 ¦ @foo/bar ¦ foo@1/bar ¦ foo/b r ¦ é/ü
foo/bar.git.git ¦ foo/bar/archive.tar.gz ¦ .foo/bar ¦ /foo/bar ¦ foo:bar/baz ¦ foo/bar?x=1
foo/bar/tree/ ¦ foo/b\r ¦ %F0%9F%98/x ¦ foo/%ef%b7%90");
    let hash = random.one_of(r" ¦  ¦  ¦ #v1 ¦ #semver:^1.0.0 ¦ #a/b ¦ #a@b ¦ # ¦ #%zz ¦ #x y ¦ #é ¦ # / ¦ #a::path:b ¦ #a%20b ¦ #x#y");
    let text = format!("{scheme}{auth}{host}{path}{hash}");
    match random.below(20) {
        0 => format!(" {text}"),
        1 => format!("{text} "),
        _ => text,
    }
}

fn repository(random: &mut Random) -> String {
    if random.chance(6) {
        return odd(random);
    }
    let url = quote(&git_url(random));
    match random.below(5) {
        0 => url,
        1 => format!("{{\"url\":{url},\"type\":\"git\",\"directory\":\"d\"}}"),
        2 => format!(
            "{{\"type\":\"svn\",\"url\":{}}}",
            if random.chance(10) { odd(random) } else { url }
        ),
        _ => format!("{{\"type\":\"git\",\"url\":{url}}}"),
    }
}

fn scripts(random: &mut Random) -> String {
    if random.chance(5) {
        return "[\"node_modules/.bin/x\",1,\"y\",{}]".to_owned();
    }
    let keys = ["test", "install", "preinstall", "start", "1", "a\\\"b"];
    let commands = [
        "\"node x\"",
        "\"node_modules/.bin/tap\"",
        "\"./node_modules/.bin/tap a\"",
        "\".\\\\node_modules\\\\.bin\\\\x\"",
        "\"node_modules/xbin/y\"",
        "\"\"",
        "\" node_modules/.bin/x\"",
        "\"node_modules/.bin/node_modules/.bin/x\"",
        "\"node_modules/\\nbin/x\"",
    ];
    let entries: Vec<String> = (0..random.below(4))
        .map(|_| {
            format!(
                "\"{}\":{}",
                random.pick(&keys),
                if random.chance(12) {
                    odd(random)
                } else {
                    random.pick(&commands).to_owned()
                }
            )
        })
        .collect();
    format!("{{{}}}", entries.join(","))
}

fn dependencies(random: &mut Random) -> String {
    match random.below(12) {
        0 => random
            .one_of(r#""a@1, b c>=2\n@s/d@1" ¦ "a" ¦ " " ¦ ",a" ¦ "a:@1""#)
            .to_owned(),
        1 => random
            .pick(&[
                "[\"a@1\",\"b\",5,\"c <2\",\"2@x\",\"\"]",
                "[]",
                "[\"__proto__@1\",\"a = 1\"]",
                "[\"a\"]",
            ])
            .to_owned(),
        _ => {
            let names = ["a", "b", "@s/c", "10", "9", "__proto__", "o", "n"];
            let entries: Vec<String> = (0..random.below(5))
                .map(|_| {
                    let range = match random.below(8) {
                        0 => odd(random),
                        1..=3 => quote(&git_url(random)),
                        _ => random
                            .one_of(r#""^1.0.0" ¦ "*" ¦ "" ¦ "workspace:*" ¦ "npm:a@1" ¦ "file:../x" ¦ "latest""#)
                            .to_owned(),
                    };
                    format!("\"{}\":{range}", random.pick(&names))
                })
                .collect();
            format!("{{{}}}", entries.join(","))
        }
    }
}

fn bundle(random: &mut Random) -> String {
    random
        .one_of(r#"true ¦ false ¦ ["a","z"] ¦ ["a",null,"",5,"10","__proto__"] ¦ {"a":1,"2":2} ¦ null ¦ "a" ¦ 0 ¦ []
["\ud800"]"#)
        .to_owned()
}
