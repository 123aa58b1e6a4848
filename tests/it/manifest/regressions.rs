//! Packages that once came out differently, by the name of the rule they are about.

pub(crate) struct Regression {
    pub(crate) name: &'static str,
    pub(crate) package_json: &'static str,
    /// By path from the checkout, of which the package is the folder `p`.
    pub(crate) files: &'static [(&'static str, &'static str)],
}

pub(crate) const ALL: &[Regression] = &[
    Regression {
        name: "a digit of the patch number becomes a prerelease when four numbers are read loosely",
        package_json: r#"{"name": "a", "version": "1.2.34.5"}"#,
        files: &[],
    },
    Regression {
        name: "the repository is the first of repositories, not a copy",
        package_json: r#"{"name": "a", "version": "1.0.0", "repositories": [{"url": "gist:b"}]}"#,
        files: &[],
    },
    Regression {
        name: "numbers beyond a double are null and true",
        package_json: r#"{"name": "a", "version": "1.0.0", "funding": 1e400, "man": -1e400, "readme": 1e400, "description": "d"}"#,
        files: &[],
    },
    Regression {
        name: "a list in package.json is an object without name",
        package_json: r#"[1, {"name": "a"}]"#,
        files: &[],
    },
    Regression {
        name: "a null character in directories is refused, not read",
        package_json: r#"{"name": "a", "version": "1.0.0", "directories": {"bin": "\u0000"}}"#,
        files: &[],
    },
    Regression {
        name: "a tag without a text is refused after private",
        package_json: r#"{"name": "a", "version": "1.0.0", "private": true, "tag": {"toString": 1}}"#,
        files: &[],
    },
    Regression {
        name: "file entries of a directory come before those of its subdirectories, backwards",
        package_json: r#"{"name": "a", "version": "1.0.0", "directories": {"bin": "bin"}}"#,
        files: &[
            ("p/bin/x", ""),
            ("p/bin/sub/x", ""),
            ("p/bin/sub/y", ""),
            ("p/bin/a", ""),
            ("p/bin/b/x", ""),
        ],
    },
    Regression {
        name: "an empty readme keeps its file name",
        package_json: r#"{"name": "a", "version": "1.0.0"}"#,
        files: &[("p/README.md", "")],
    },
    Regression {
        name: "the last of several readmes in byte order wins",
        package_json: r#"{"name": "a", "version": "1.0.0"}"#,
        files: &[
            ("p/README.md", "upper"),
            ("p/readme.md", "lower"),
            ("p/Readme.md", "mixed"),
        ],
    },
];
