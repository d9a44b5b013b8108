//! The console: a page, its style and its script, which come with the program.

/// A file of the console.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asset {
    path: &'static str,
    pub(super) media_type: &'static str,
    pub(super) text: &'static str,
}

impl Asset {
    /// The file at a path.
    pub(super) fn at(path: &str) -> Option<&'static Self> {
        ASSETS.iter().find(|asset| asset.path == path)
    }
}

/// As strict as a console may well be: nothing inline runs or styles.
pub(super) const CONTENT_SECURITY_POLICY: &str =
    "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

const ASSETS: &[Asset] = &[
    Asset { path: "/", media_type: "text/html; charset=utf-8", text: include_str!("console/index.html") },
    Asset {
        path: "/assets/console.css",
        media_type: "text/css; charset=utf-8",
        text: include_str!("console/console.css"),
    },
    Asset {
        path: "/assets/console.js",
        media_type: "text/javascript; charset=utf-8",
        text: include_str!("console/console.js"),
    },
    Asset { path: "/assets/icon.svg", media_type: "image/svg+xml", text: include_str!("console/icon.svg") },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_only_files_that_are_here() {
        let page = Asset::at("/").unwrap().text;
        let named: Vec<_> = ["href=\"", "src=\""]
            .iter()
            .flat_map(|attribute| page.split(attribute).skip(1))
            .map(|rest| rest.split('"').next().unwrap())
            .collect();
        assert!(named.len() >= 4);
        for path in named {
            assert!(Asset::at(path).is_some(), "{path}");
        }
    }

    #[test]
    fn nothing_in_the_page_is_inline() {
        let page = Asset::at("/").unwrap().text;
        assert!(!page.contains("style=") && !page.contains("<style") && !page.contains("onclick="));
    }
}
