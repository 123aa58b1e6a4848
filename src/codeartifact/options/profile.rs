//! The one profile that the SDK cannot use: a role with nothing to assume it with. On GitHub
//! Actions the job's identity token is what it lacks.

/// What makes a profile's role one that the SDK can assume itself.
const MEANS: [&str; 6] = [
    "source_profile",
    "credential_source",
    "web_identity_token_file",
    "credential_process",
    "sso_session",
    "aws_access_key_id",
];

/// The role of a profile in the text of `~/.aws/config` that names a role and no means to assume
/// it.
pub(super) fn bare_role(text: &str, profile: &str) -> Option<String> {
    let mut is_ours = false;
    let mut role = None;
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix('[') {
            let name = rest.split(']').next().unwrap_or_default().trim();
            let named = name
                .strip_prefix("profile")
                .filter(|rest| rest.starts_with([' ', '\t']));
            is_ours = named.map_or(name == "default" && profile == name, |named| {
                named.trim() == profile
            });
            continue;
        }
        // A comment, or the inside of a value that spans lines.
        if !is_ours || line.starts_with([' ', '\t', '#', ';']) {
            continue;
        }
        let Some((key, value)) = line.split_once('=') else {
            continue;
        };
        let key = key.trim().to_ascii_lowercase();
        if MEANS.contains(&key.as_str()) {
            return None;
        }
        if key == "role_arn" {
            role = Some(value.trim().to_owned());
        }
    }
    role
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_role_without_means_counts() {
        let text = "# [profile a]\n[default]\nregion = x\n[profile a]\nrole_arn = arn:a\n\
                    [ profile  b ]\nrole_arn=arn:b\nsource_profile=a\n\
                    [profile c]\ns3 =\n  role_arn = arn:s3\n[sso-session a]\nrole_arn = arn:no\n\
                    [a]\nrole_arn = arn:no\n";
        assert_eq!(bare_role(text, "a").as_deref(), Some("arn:a"));
        for profile in ["b", "c", "default", "d", ""] {
            assert_eq!(bare_role(text, profile), None, "{profile}");
        }
        let default = bare_role("[default]\nrole_arn = arn:d", "default");
        assert_eq!(default.as_deref(), Some("arn:d"));
    }
}
