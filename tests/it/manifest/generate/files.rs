//! The files beside package.json that npm looks at, and some that look like them.

use super::super::case::Content;
use crate::support::Random;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// How likely one of the paths is there, in percent, and with what in it.
type Kind = (usize, &'static str, &'static [&'static str]);

const READMES: &str =
    "p/README.md ¦ p/readme.md ¦ p/README ¦ p/Readme.markdown ¦ p/README.txt ¦ p/readme ¦ p/README.
p/README.README ¦ p/ReadMe.MD ¦ p/README.mkd ¦ p/README.en.md ¦ p/README.md~ ¦ p/READMEX.md";

const READ: &[&str] = &[
    "",
    "# Title\n\nText of\nthe readme.\n\nMore.",
    "\u{feff}# x\r\n\r\ny\r\nz\r\n",
    "\n\n##\n \n# a\n",
    "one",
    "\u{fdd0} odd \u{2028} line",
    "   # x\ny",
    "ERROR: No README data found!",
];

const AUTHORS: &[&str] = &[
    "A B <a@b.c> (http://x)\n\n# no\n  # nor\r\nC\r\n",
    "",
    "#x\ry\n",
    " \u{feff} \n<e@f>",
    "# all\n",
];

const BIN: Kind = (
    15,
    "p/bin/a ¦ p/bin/b.js ¦ p/bin/.hidden ¦ p/bin/sub/a ¦ p/bin/sub/c ¦ p/bin/sub2/c ¦ p/bin/sub/deep/d ¦ p/bin/10
p/bin/9 ¦ p/bin/__proto__ ¦ p/cli.js ¦ p/bin/\u{fdd0}x ¦ p/bin/a:b",
    &[""],
);

const MAN: Kind = (
    15,
    "p/man/a.1 ¦ p/man/b.2.gz ¦ p/man/sub/c.3 ¦ p/man/sub/a.1 ¦ p/man/.d.4 ¦ p/man/.h/e.5 ¦ p/man/x:y.7 ¦ p/man/.6
p/a.8",
    &[""],
);

const KINDS: &[Kind] = &[
    (60, READMES, READ),
    (30, READMES, READ),
    (15, READMES, READ),
    (20, "p/AUTHORS ¦ p/authors", AUTHORS),
    (12, "p/server.js ¦ p/Server.js", &[""]),
    (
        12,
        "p/binding.gyp ¦ p/.gyp ¦ p/.x.gyp ¦ p/a.gypi ¦ p/sub/b.gyp",
        &[""],
    ),
    (
        15,
        "p/index.d.ts ¦ p/lib/main.d.ts ¦ p/main.d.ts ¦ p/lib/index.d.ts ¦ main.d.ts ¦ p/.d.ts",
        &[""],
    ),
    BIN,
    BIN,
    BIN,
    MAN,
    MAN,
    MAN,
];

const HEADS: &[&str] = &[
    "ref: refs/heads/main\n",
    "ref: refs/heads/x y\n",
    COMMIT,
    "",
    "ref: ",
    "ref: ../outside\n",
    "  \u{feff}deadbeef\n",
    "ref:refs/heads/main",
];

const PACKED: &[&str] = &[
    "# pack-refs with: peeled\n0123456789abcdef0123456789abcdef01234567 refs/heads/main\n^11\n",
    "0123456789abcdef0123456789abcdef01234567 refs/heads/main\r\n89abcdef0123456789abcdef0123456789abcdef refs/heads/x y\n",
    "0123456789ABCDEF0123456789abcdef01234567 refs/heads/main\n89abcdef0123456789abcdef0123456789abcdef  refs/heads/main \n",
    "0123456789abcdef0123456789abcdef01234567  \n",
];

const GIT: &[Kind] = &[
    (
        50,
        "p/.git/refs/heads/main ¦ .git/refs/heads/main ¦ .git/refs/heads/x y ¦ outside",
        &[COMMIT, "ref: abc\n", "", " \n"],
    ),
    (60, "p/.git/packed-refs ¦ .git/packed-refs", PACKED),
];

pub(crate) fn around(random: &mut Random) -> Vec<(String, Content)> {
    let mut files = Vec::new();
    for kind in KINDS {
        add(&mut files, random, kind);
    }
    if random.chance(3) {
        let target = random.pick(&["bin", "man"]).to_owned();
        files.push(("p/linked".to_owned(), Content::Link(target)));
    }
    if random.chance(50) {
        let git = random.pick(&["p/.git", ".git"]);
        files.push((
            format!("{git}/HEAD"),
            Content::Text(random.pick(HEADS).to_owned()),
        ));
        for kind in GIT {
            add(&mut files, random, kind);
        }
    } else {
        add(&mut files, random, &(5, "p/.git", &["gitdir: elsewhere"]));
    }
    files
}

fn add(files: &mut Vec<(String, Content)>, random: &mut Random, (percent, paths, contents): &Kind) {
    if random.chance(*percent) {
        let path = random.one_of(paths).to_owned();
        let content = match random.below(40) {
            0 => Content::Folder,
            1 => Content::Link("nowhere".to_owned()),
            2 => Content::Link("package.json".to_owned()),
            _ => Content::Text(random.pick(contents).to_owned()),
        };
        files.push((path, content));
    }
}
