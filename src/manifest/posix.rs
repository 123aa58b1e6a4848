//! Node's `path.posix` on strings, and npm's cleaning of a path that must stay inside a package.
//!
//! `std::path` answers other questions: these functions work on text that was never on a disk, and their results
//! (down to a kept trailing slash) go into the manifest. Source: Node's `lib/path.js`, @npmcli/package-json 7.0.5
//! `normalize.js` (`secureAndUnixifyPath`).

/// `path.normalize`: resolves `.` and `..`, joins runs of slashes, keeps a slash at the end; `.` if nothing is left.
pub(crate) fn normalize(path: &str) -> String {
    let absolute = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                if parts.last().is_some_and(|last| *last != "..") {
                    parts.pop();
                } else if !absolute {
                    parts.push("..");
                }
            }
            name => parts.push(name),
        }
    }
    let mut normal = parts.join("/");
    if normal.is_empty() {
        if absolute {
            return "/".to_owned();
        }
        normal.push('.');
    }
    if path.ends_with('/') {
        normal.push('/');
    }
    if absolute {
        format!("/{normal}")
    } else {
        normal
    }
}

/// `path.join(first, second)`.
pub(crate) fn join(first: &str, second: &str) -> String {
    match (first.is_empty(), second.is_empty()) {
        (true, true) => ".".to_owned(),
        (true, false) => normalize(second),
        (false, true) => normalize(first),
        (false, false) => normalize(&format!("{first}/{second}")),
    }
}

/// `path.basename`: the last part, slashes at the end left out.
pub(crate) fn basename(path: &str) -> &str {
    let trimmed = path.trim_end_matches('/');
    trimmed.rsplit('/').next().unwrap_or(trimmed)
}

/// `path.dirname`.
pub(crate) fn dirname(path: &str) -> &str {
    let trimmed = path.trim_end_matches('/');
    if trimmed.is_empty() {
        return if path.is_empty() { "." } else { "/" };
    }
    match trimmed.rfind('/') {
        None => ".",
        Some(0) => "/",
        Some(1) if path.starts_with("//") => "//",
        Some(end) => trimmed.get(..end).unwrap_or_default(),
    }
}

/// `path.extname`: from the last dot of the last part, unless that part begins with its only dot.
pub(crate) fn extname(path: &str) -> &str {
    let base = basename(path);
    match base.rfind('.') {
        None | Some(0) => "",
        Some(_) if base == ".." => "",
        Some(dot) => base.get(dot..).unwrap_or_default(),
    }
}

/// `path.relative` of two absolute paths.
pub(crate) fn relative(from: &str, to: &str) -> String {
    let parts = |path: &str| -> Vec<String> {
        normalize(path)
            .split('/')
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let (from, to) = (parts(from), parts(to));
    let shared = from
        .iter()
        .zip(&to)
        .take_while(|(left, right)| left == right)
        .count();
    let up = from.iter().skip(shared).map(|_| "..");
    up.chain(to.iter().skip(shared).map(String::as_str))
        .collect::<Vec<_>>()
        .join("/")
}

/// Makes a path relative to the package and keeps it inside: `\` and `:` become `/`, `..` at the front is dropped.
///
/// Empty if nothing is left.
pub(crate) fn inside_package(path: &str) -> String {
    let secured = unixify(&join(".", &join("/", &unixify(path))));
    if secured.starts_with("./") {
        String::new()
    } else {
        secured
    }
}

fn unixify(path: &str) -> String {
    path.replace(['\\', ':'], "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inside_package_keeps_paths_inside() {
        for (path, inside) in [
            ("./cli.js", "cli.js"),
            ("../y.js", "y.js"),
            ("C:\\x\\y.js", "C/x/y.js"),
            ("a/../../b", "b"),
            ("scripts/", "scripts/"),
            ("/", ""),
            ("", ""),
            (".", ""),
            ("a//b", "a/b"),
        ] {
            assert_eq!(inside_package(path), inside, "{path:?}");
        }
    }

    #[test]
    fn parts_of_a_path() {
        for (path, directory, base, extension) in [
            ("a/b.js", "a", "b.js", ".js"),
            ("b.js", ".", "b.js", ".js"),
            ("/b", "/", "b", ""),
            ("a/b/", "a", "b", ""),
            (".hidden", ".", ".hidden", ""),
            ("a.", ".", "a.", "."),
            ("..", ".", "..", ""),
            ("", ".", "", ""),
            ("/", "/", "", ""),
            ("//", "/", "", ""),
            ("//a", "//", "a", ""),
            ("...", ".", "...", "."),
        ] {
            assert_eq!(
                (dirname(path), basename(path), extname(path)),
                (directory, base, extension),
                "{path:?}"
            );
        }
    }
}
