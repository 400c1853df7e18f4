//! The connectors that are shipped inside the program.
//!
//! Promises that each file of `connectors/` is in the table. Leaves reading them to the layers.

macro_rules! shipped {
    ($($name:literal,)*) => {
        &[$(($name, include_str!(concat!("../../../connectors/", $name, ".yaml")))),*]
    };
}

/// Name and text of each shipped connector, by name.
pub(super) const EMBEDDED: &[(&str, &str)] = shipped![
    "1password",
    "asana",
    "atlassian",
    "aws-iam-identity-center",
    "bitwarden",
    "cloudflare",
    "databricks",
    "datadog",
    "dropbox",
    "figma",
    "github-emu",
    "gitlab",
    "google-cloud-identity",
    "grafana",
    "hcp-terraform",
    "infisical",
    "ivanti-neurons",
    "jfrog",
    "launchdarkly",
    "miro",
    "new-relic",
    "notion",
    "pagerduty",
    "salesforce",
    "scim-basic",
    "scim",
    "sentry",
    "servicenow",
    "slack",
    "snowflake",
    "storychief",
    "tableau",
    "tailscale",
    "tealium",
    "tracktik",
    "tribeloo",
    "trotto",
    "trusona",
    "vcenter",
    "workos",
    "zoom",
    "zscaler",
];

/// The text of the shipped connector `name`.
pub(super) fn text(name: &str) -> Option<&'static str> {
    EMBEDDED
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_file_is_embedded() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/connectors");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .expect("the folder is there")
            .map(|entry| {
                entry
                    .expect("it can be read")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .filter(|file| file != "README.md")
            .collect();
        files.sort();
        let embedded: Vec<String> = EMBEDDED
            .iter()
            .map(|(name, _)| format!("{name}.yaml"))
            .collect();
        assert_eq!(files, embedded);
    }
}
