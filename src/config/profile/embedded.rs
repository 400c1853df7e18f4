//! The connectors that are shipped inside the program.
//!
//! Promises that each file of `connectors/` is in the table. Leaves reading them to the layers.

/// Name and text of each shipped connector, by name.
pub(super) const EMBEDDED: [(&str, &str); 3] = [
    ("scim", include_str!("../../../connectors/scim.yaml")),
    (
        "tracktik",
        include_str!("../../../connectors/tracktik.yaml"),
    ),
    ("trotto", include_str!("../../../connectors/trotto.yaml")),
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
