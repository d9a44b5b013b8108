//! Did you mean?

/// The known word that a misspelt one most likely stands for.
pub(super) fn closest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |word: &str| word.to_ascii_lowercase().replace('-', "_");
    let distance = |known: &str| strsim::damerau_levenshtein(&plain(word), &plain(known));
    // A third of the letters may be wrong: `pathregex` is `path_regex`, but `url` is not `name`.
    let close = |known: &str| distance(known) <= (known.len() / 3).max(1);
    known.into_iter().filter(|known| close(known)).min_by_key(|known| distance(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        let known = ["path", "path_regex", "fields", "reveal", "reveal_fields"];
        assert_eq!(closest("feilds", known), Some("fields"));
        assert_eq!(closest("Path-Regex", known), Some("path_regex"));
        assert_eq!(closest("reveals", known), Some("reveal"));
        assert_eq!(closest("url", known), None);
    }
}
