//! Rewrites pages, whole and cut at every byte.
//!
//! Compiled for tests only (`mod tests` is under `cfg(test)`): no input reaches these unwraps, and
//! a test fails by panicking.

use super::super::handlers::MAX_MEMORY;
use super::*;

const STYLE: &str = "<style>.copy{display:none!important}</style>";

fn rule(hide: &[&str], remove: &[&str]) -> Arc<PageRule> {
    Arc::new(PageRule::new(hide, remove).unwrap())
}

fn rewrite<'a>(
    rule: &Arc<PageRule>,
    charset: Charset,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<u8>, Option<Reason>) {
    let mut rewriter = Rewriter::new(Arc::clone(rule), charset);
    let mut out = BytesMut::new();
    for piece in pieces {
        rewriter.write(piece, &mut out);
    }
    rewriter.finish(&mut out);
    (out.to_vec(), rewriter.fault())
}

/// Rewrites a page whole, cut in two at every byte, and byte by byte. All results must be equal.
fn rewritten(rule: &Arc<PageRule>, page: &[u8]) -> Vec<u8> {
    let (whole, fault) = rewrite(rule, Charset::Undeclared, [page]);
    assert_eq!(fault, None);
    for at in 0..=page.len() {
        let (before, after) = page.split_at(at);
        assert_eq!(rewrite(rule, Charset::Undeclared, [before, after]), (whole.clone(), None), "cut at {at}");
    }
    assert_eq!(rewrite(rule, Charset::Undeclared, page.chunks(1)), (whole.clone(), None));
    whole
}

fn hidden(page: &str) -> String {
    String::from_utf8(rewritten(&rule(&[".copy"], &[]), page.as_bytes())).unwrap()
}

#[test]
fn the_style_ends_the_head() {
    for (page, expected) in [
        ("<head><title>x</title></head><body>y", "<head><title>x</title>@</head><body>y"),
        ("<!doctype html><HTML><Head>\n</HEAD ><body></body>", "<!doctype html><HTML><Head>\n@</HEAD ><body></body>"),
        ("<html><head><title>a</title><body><p>b", "<html><head><title>a</title>@<body><p>b"),
        ("<title></head></title><p>x</p><p>y</p>", "<title></head></title>@<p>x</p><p>y</p>"),
        ("<html><frameset><frame></frameset>", "<html>@<frameset><frame></frameset>"),
        ("<head><noscript><img src=x></noscript></head>", "<head><noscript><img src=x></noscript>@</head>"),
        ("<head><template><p>x</p></template></head>", "<head><template><p>x</p></template>@</head>"),
        ("<head><script>'<p>'</script><!--</head>--></head>", "<head><script>'<p>'</script><!--</head>-->@</head>"),
        ("<head><p>x</p></head>", "<head>@<p>x</p></head>"),
        (" \n<p>x", " \n@<p>x"),
        // JSON or plain text, declared as HTML.
        ("only text", "only text"),
        ("{\"a\":\"<div></div>\"}", "{\"a\":\"<div></div>\"}"),
        ("<meta charset=x><link>", "<meta charset=x><link>@"),
        ("", "@"),
        ("\u{feff}<head></head>", "\u{feff}<head>@</head>"),
        ("<p", "<p@"),
    ] {
        assert_eq!(hidden(page), expected.replace('@', STYLE), "{page}");
    }
}

#[test]
fn a_policy_in_the_page_admits_the_style_and_nothing_else() {
    let style = rule(&[".copy"], &[]);
    let hash = style.style.as_ref().unwrap().source().to_owned();
    for (page, expected) in [
        (
            "<head><meta http-equiv=Content-Security-Policy content=\"default-src 'self'\"></head>",
            "<head><meta http-equiv=Content-Security-Policy content=\"default-src 'self'; style-src 'self' #\">@</head>",
        ),
        (
            "<head><META HTTP-EQUIV='content-security-policy' CONTENT='style-src a, b'></head>",
            "<head><META HTTP-EQUIV='content-security-policy' CONTENT=\"style-src a, b #\">@</head>",
        ),
        (
            "<head><meta http-equiv=\"Content-Security-Policy\" content=\"style-src &#39;self&#x27; a?b&amp;c\"></head>",
            "<head><meta http-equiv=\"Content-Security-Policy\" content=\"style-src 'self' a?b&amp;c #\">@</head>",
        ),
        (
            "<head><meta http-equiv=Content&#45;Security&#x2dPolicy content=\"style-src&Tab;a&#59script-src b?c&d=1&#59 img-src&#32c\"></head>",
            "<head><meta http-equiv=Content&#45;Security&#x2dPolicy content=\"style-src a #;script-src b?c&amp;d=1; img-src c\">@</head>",
        ),
        (
            "<head><meta http-equiv=Content-Security-Policy content=\"style-src a&eacute;b; script-src c\"></head>",
            "<head><meta http-equiv=Content-Security-Policy content=\"style-src a&eacute;b; script-src c\">@</head>",
        ),
        (
            "<head><meta http-equiv=Content-Security-Policy content=\"style-src &apos;unsafe-inline&apos;\"></head>",
            "<head><meta http-equiv=Content-Security-Policy content=\"style-src &apos;unsafe-inline&apos;\">@</head>",
        ),
        (
            "<head><meta http-equiv=Content-Security-Policy-Report-Only content=\"style-src a\"></head>",
            "<head><meta http-equiv=Content-Security-Policy-Report-Only content=\"style-src a\">@</head>",
        ),
        (
            "<head></head><body><meta http-equiv=Content-Security-Policy content=\"style-src a\">",
            "<head>@</head><body><meta http-equiv=Content-Security-Policy content=\"style-src a\">",
        ),
    ] {
        let expected = expected.replace('@', STYLE).replace(" #", &format!(" {hash}"));
        assert_eq!(hidden(page), expected, "{page}");
    }
}

#[test]
fn what_is_selected_is_removed_and_all_else_stays() {
    let page = "<head></head><body><div id=a><b class='copy x'>1<i>2</i></b>3</div><button class=copy>4</button><p>&nbsp;é</p>";
    let removed = rewritten(&rule(&[], &["#a > .copy"]), page.as_bytes());
    assert_eq!(removed, page.replace("<b class='copy x'>1<i>2</i></b>", "").into_bytes());
    let both = rewritten(&rule(&[".copy"], &["button"]), page.as_bytes());
    let expected = page.replace("<button class=copy>4</button>", "").replace("</head>", &format!("{STYLE}</head>"));
    assert_eq!(both, expected.into_bytes());
    let nothing = rewritten(&rule(&[], &["video"]), page.as_bytes());
    assert_eq!(nothing, page.as_bytes());
}

#[test]
fn bytes_of_another_charset_stay_as_they_are() {
    for label in ["shift_jis", "windows-1252", "gb18030", "koi8-r"] {
        let encoding =
            encoding_rs::Encoding::for_label(label.as_bytes()).and_then(AsciiCompatibleEncoding::new).unwrap();
        let head = b"<head><title>\x83\x5c\xe9\x83</title>".as_slice();
        let rest = b"</head><p title='\xfc\x81'>\x81\x30\xff".as_slice();
        let page = [head, rest].concat();
        let found = rewrite(&rule(&[".copy"], &["video"]), Charset::Declared(encoding), page.chunks(3));
        assert_eq!(found, ([head, STYLE.as_bytes(), rest].concat(), None), "{label}");
    }
}

#[test]
fn utf_16_passes_as_it_came_and_says_so() {
    for mark in [b"\xff\xfe", b"\xfe\xff"] {
        let page = [mark.as_slice(), b"<\0h\0e\0a\0d\0>\0"].concat();
        for size in [1, 2, 100] {
            let found = rewrite(&rule(&[".copy"], &[]), Charset::Undeclared, page.chunks(size));
            assert_eq!(found, (page.clone(), Some(Reason::Charset)));
        }
    }
}

#[test]
fn a_tag_too_large_to_hold_passes_with_all_that_follows() {
    let tag = format!("<p title='{}'>", "x".repeat(MAX_MEMORY + 10));
    for page in [format!("<head>{tag}</head><body>y"), format!("<head></head><video>z</video>{tag}<video>y</video>")] {
        for size in [1000, 4096] {
            let (out, fault) =
                rewrite(&rule(&[".copy"], &["video"]), Charset::Undeclared, page.as_bytes().chunks(size));
            assert_eq!(fault, Some(Reason::TooLarge));
            assert!(String::from_utf8(out).unwrap().contains(&tag));
        }
    }
    let page = format!("<head>{tag}</head>");
    let (out, _) = rewrite(&rule(&[".copy"], &[]), Charset::Undeclared, page.as_bytes().chunks(1000));
    assert_eq!(out, page.as_bytes());
}

#[test]
fn a_page_that_only_hides_is_read_no_further_than_its_head() {
    let tag = format!("<p title='{}'>", "x".repeat(MAX_MEMORY + 10));
    let page = format!("<head></head><body>{tag}");
    let (out, fault) = rewrite(&rule(&[".copy"], &[]), Charset::Undeclared, page.as_bytes().chunks(1000));
    assert_eq!((out, fault), (page.replace("</head>", &format!("{STYLE}</head>")).into_bytes(), None));
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    /// The pieces of generated pages: tags and other markup, some of it incomplete.
    const PIECES: [&str; 34] = [
        "<head>", "</head>", "<HEAD >", "<body class=copy>", "</body>", "<html>", "<title>", "</title>", "<script>",
        "</script>", "<template>", "</template>", "<noscript>", "</noscript>", "<svg>", "</svg>", "<!--", "-->",
        "<style>", "</style>", "<p title='</head>'>", "<p class=\"gone copy\">", "</p>", "<br/>", "<textarea>", "<",
        ">", "&amp;", "é", " ", "x", "<![CDATA[", "<meta charset=shift_jis>", "<select><xmp>",
    ];

    fn pages() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(prop::sample::select(&PIECES[..]), 0..24).prop_map(|pieces| pieces.concat().into_bytes())
    }

    proptest! {
        #[test]
        fn a_style_is_all_that_hiding_adds(page in pages(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6)) {
            let hide = rule(&[".copy"], &[]);
            let (whole, fault) = rewrite(&hide, Charset::Undeclared, [&*page]);
            prop_assert_eq!(fault, None);
            let text = String::from_utf8(whole.clone()).unwrap();
            let is_markup = page.trim_ascii_start().first().is_none_or(|&byte| byte == b'<');
            prop_assert_eq!(text.matches(STYLE).count(), usize::from(is_markup));
            prop_assert_eq!(text.replacen(STYLE, "", 1).into_bytes(), page.clone());
            let mut places: Vec<_> = cuts.iter().map(|cut| cut.index(page.len() + 1)).collect();
            places.sort_unstable();
            let both = rule(&[".copy"], &[".gone"]);
            let removed = rewrite(&both, Charset::Undeclared, [&*page]).0;
            for (rule, whole) in [(&hide, whole), (&both, removed)] {
                let mut rest = &*page;
                let mut pieces = Vec::new();
                for (count, place) in places.iter().enumerate() {
                    let (piece, after) = rest.split_at(place - if count == 0 { 0 } else { places[count - 1] });
                    pieces.push(piece);
                    rest = after;
                }
                pieces.push(rest);
                prop_assert_eq!(rewrite(rule, Charset::Undeclared, pieces), (whole, None));
            }
        }
    }
}
