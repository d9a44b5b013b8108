//! A slow, obviously right masker to compare the engine with: it reads the whole text by recursive descent, looks up every
//! value by its whole path, and splices. It knows nothing of chunks and shares no code with the engine, only the names of
//! faults and the plain parts of a policy.

use last4::mask::{DEFAULT_MAX_DEPTH, ErrorKind, PolicyParts};
use std::ops::Range;

/// Rules as a configuration would write them.
#[derive(Clone, Debug)]
pub(crate) struct RuleSet {
    pub(crate) fields: Vec<String>,
    pub(crate) ignore_case: bool,
    pub(crate) reveal: Revealed,
    pub(crate) ndjson: bool,
    pub(crate) max_depth: usize,
    pub(crate) policy: PolicyParts,
    pub(crate) mark: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) enum Revealed {
    Nothing,
    TopLevel,
    Fields(Vec<String>),
}

impl Default for RuleSet {
    fn default() -> Self {
        Self {
            fields: vec!["token".to_owned()],
            ignore_case: false,
            reveal: Revealed::Nothing,
            ndjson: false,
            max_depth: DEFAULT_MAX_DEPTH,
            policy: PolicyParts::default(),
            mark: None,
        }
    }
}

/// What becomes of a text that can be trusted.
pub(crate) struct Masked {
    pub(crate) output: Vec<u8>,
    pub(crate) counts: Counts,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) masked: u64,
    pub(crate) unchanged: u64,
    pub(crate) revealed: u64,
    pub(crate) marked: u64,
}

/// The first fault of a text.
pub(crate) struct Fault {
    pub(crate) kind: ErrorKind,
    pub(crate) offset: usize,
    /// All that may have been given out before: the text up to the fault, masked.
    pub(crate) readable: Vec<u8>,
}

pub(crate) fn mask(rules: &RuleSet, text: &[u8]) -> Result<Masked, Fault> {
    let mut reader = Reader {
        rules,
        text,
        at: 0,
        path: Vec::new(),
        objects: Vec::new(),
        edits: Vec::new(),
        counts: Counts::default(),
    };
    match reader.document() {
        Ok(()) => Ok(Masked { output: splice(text, &reader.edits), counts: reader.counts }),
        Err((kind, offset)) => Err(Fault { kind, offset, readable: splice(&text[..offset], &reader.edits) }),
    }
}

fn splice(text: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut output = Vec::new();
    let mut copied = 0;
    for edit in edits {
        output.extend_from_slice(&text[copied..edit.range.start]);
        output.extend_from_slice(&edit.with);
        copied = edit.range.end.min(text.len());
    }
    output.extend_from_slice(&text[copied..]);
    output
}

type Read<T = ()> = Result<T, (ErrorKind, usize)>;

struct Reader<'a> {
    rules: &'a RuleSet,
    text: &'a [u8],
    at: usize,
    /// From the root to the value being read.
    path: Vec<Step>,
    /// The open objects: the names of their members, and whether a value of theirs is masked.
    objects: Vec<(Vec<String>, bool)>,
    edits: Vec<Edit>,
    counts: Counts,
}

/// `with` takes the place of `range`, which reaches to the end of the text while its value is being read.
struct Edit {
    range: Range<usize>,
    with: Vec<u8>,
}

#[derive(Clone, Debug)]
enum Step {
    Member(String),
    Element,
}

/// A character and where it is spelt; a lone surrogate is no character.
type Unit = (Option<char>, Range<usize>);

impl Reader<'_> {
    fn document(&mut self) -> Read {
        if self.peek() == Some(0xef) {
            self.word(b"\xef\xbb\xbf")?;
        }
        self.whitespace();
        self.value()?;
        self.whitespace();
        while self.rules.ndjson && self.peek().is_some() {
            self.value()?;
            self.whitespace();
        }
        if self.peek().is_some() { self.fault(ErrorKind::Syntax) } else { Ok(()) }
    }

    fn value(&mut self) -> Read {
        match self.next()? {
            b'"' => self.string_value(),
            b'{' => self.object(),
            b'[' => self.array(),
            b'-' | b'0'..=b'9' | b'N' | b'I' => self.number(),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ => self.fault(ErrorKind::Syntax),
        }
    }

    fn object(&mut self) -> Read {
        self.check_depth()?;
        self.at += 1;
        self.whitespace();
        if self.next()? == b'}' {
            self.at += 1;
            return Ok(());
        }
        self.objects.push((Vec::new(), false));
        loop {
            self.whitespace();
            self.expect(b'"')?;
            let key = self.string(true)?;
            self.whitespace();
            self.expect(b':')?;
            self.at += 1;
            self.whitespace();
            let name: String = key.iter().map(|(character, _)| character.unwrap_or('\u{fffd}')).collect();
            self.objects.last_mut().unwrap().0.push(name.clone());
            self.inside(Step::Member(name))?;
            self.whitespace();
            if self.next()? != b',' {
                break;
            }
            self.at += 1;
        }
        self.expect(b'}')?;
        let (names, masked) = self.objects.pop().unwrap();
        if let Some(mark) = self.rules.mark.as_ref().filter(|mark| masked && !names.contains(mark)) {
            let with = format!(",{}:true", serde_json::to_string(mark).unwrap()).into_bytes();
            self.edits.push(Edit { range: self.at..self.at, with });
            self.counts.marked += 1;
        }
        self.at += 1;
        Ok(())
    }

    fn array(&mut self) -> Read {
        self.check_depth()?;
        self.at += 1;
        self.whitespace();
        if self.next()? == b']' {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.whitespace();
            self.inside(Step::Element)?;
            self.whitespace();
            if self.next()? != b',' {
                break;
            }
            self.at += 1;
        }
        self.expect(b']')?;
        self.at += 1;
        Ok(())
    }

    fn inside(&mut self, step: Step) -> Read {
        self.path.push(step);
        let read = self.value();
        self.path.pop();
        read
    }

    fn check_depth(&self) -> Read {
        if self.path.len() < self.rules.max_depth { Ok(()) } else { self.fault(ErrorKind::TooDeep) }
    }

    fn number(&mut self) -> Read {
        let masked = self.is_masked();
        self.note_masked(masked);
        self.note_revealed();
        if masked {
            self.counts.masked += 1;
            self.edits
                .push(Edit { range: self.at..usize::MAX, with: serde_json::to_vec(&self.rules.policy.short).unwrap() });
        }
        match &self.text[self.at..] {
            [b'N', ..] => self.word(b"NaN")?,
            [b'I', ..] => self.word(b"Infinity")?,
            [b'-', b'I', ..] => self.word(b"-Infinity")?,
            _ => {
                while self.peek().is_some_and(|byte| b"0123456789.eE+-".contains(&byte)) {
                    self.at += 1;
                }
            }
        }
        if masked {
            self.edits.last_mut().unwrap().range.end = self.at;
        }
        Ok(())
    }

    fn string_value(&mut self) -> Read {
        let masked = self.is_masked();
        self.note_revealed();
        if masked {
            self.edits.push(Edit { range: self.at + 1..usize::MAX, with: Vec::new() });
        }
        let units = self.string(masked)?;
        self.note_masked(masked && !units.is_empty());
        if masked {
            let shown = self.shown(&units);
            let edit = self.edits.last_mut().unwrap();
            edit.range.end = self.at - 1;
            edit.with = shown;
        }
        Ok(())
    }

    /// Section 7 of the contract, word for word.
    fn shown(&mut self, units: &[Unit]) -> Vec<u8> {
        let PolicyParts { first, last, min_hidden, ellipsis, short } = &self.rules.policy;
        let characters: Vec<Option<char>> = units.iter().map(|(character, _)| *character).collect();
        let spelt =
            |units: &[Unit]| units.iter().flat_map(|(_, span)| self.text[span.clone()].to_vec()).collect::<Vec<u8>>();
        let ellipsis_characters: Vec<_> = ellipsis.chars().map(Some).collect();
        let is_short = characters == short.chars().map(Some).collect::<Vec<_>>();
        let is_masked = characters.len() == first + ellipsis_characters.len() + last
            && characters[*first..characters.len() - last] == ellipsis_characters;
        if characters.is_empty() || is_short || is_masked {
            self.counts.unchanged += 1;
            return spelt(units);
        }
        self.counts.masked += 1;
        if characters.len() < first + last + min_hidden {
            return escaped(short);
        }
        [spelt(&units[..*first]), escaped(ellipsis), spelt(&units[units.len() - last..])].concat()
    }

    /// A string and its quotes. What need not be readable may hold bytes that are not UTF-8, and gives no characters then.
    fn string(&mut self, readable: bool) -> Read<Vec<Unit>> {
        self.at += 1;
        let mut units = Vec::new();
        loop {
            let start = self.at;
            let character = match self.next()? {
                b'"' => {
                    self.at += 1;
                    return Ok(units);
                }
                0..=0x1f => return self.fault(ErrorKind::Syntax),
                b'\\' => self.escape()?,
                0x80.. if !readable => {
                    self.at += 1;
                    continue;
                }
                _ => Some(self.utf8()?),
            };
            units.push((character, start..self.at));
        }
    }

    fn utf8(&mut self) -> Read<char> {
        let start = self.at;
        loop {
            self.next()?;
            match std::str::from_utf8(&self.text[start..=self.at]) {
                Ok(text) => {
                    self.at += 1;
                    return Ok(text.chars().next().unwrap());
                }
                Err(error) if error.error_len().is_some() => return self.fault(ErrorKind::Utf8),
                Err(_) => self.at += 1,
            }
        }
    }

    fn escape(&mut self) -> Read<Option<char>> {
        self.at += 1;
        let short = match self.next()? {
            b'u' => {
                self.at += 1;
                return self.code_units();
            }
            b'b' => '\x08',
            b'f' => '\x0c',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            same @ (b'"' | b'\\' | b'/') => char::from(same),
            _ => return self.fault(ErrorKind::Syntax),
        };
        self.at += 1;
        Ok(Some(short))
    }

    /// One `\uXXXX` behind its `u`, or two that are a surrogate pair.
    fn code_units(&mut self) -> Read<Option<char>> {
        for at in self.at..self.at + 4 {
            match self.text.get(at) {
                None => return Err((ErrorKind::Incomplete, at)),
                Some(digit) if !digit.is_ascii_hexdigit() => return Err((ErrorKind::Syntax, at)),
                Some(_) => {}
            }
        }
        let unit = |at: usize| {
            let digits = std::str::from_utf8(self.text.get(at..at + 4)?).ok()?;
            // `from_str_radix` alone would take a sign.
            digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).unwrap())
        };
        let one = unit(self.at).unwrap();
        let second = self.text[self.at + 4..].starts_with(b"\\u").then(|| unit(self.at + 6)).flatten();
        if let Some(Ok(character)) = second.and_then(|two| {
            let is_pair = (0xd800..0xdc00).contains(&one) && (0xdc00..0xe000).contains(&two);
            is_pair.then(|| char::decode_utf16([one, two]).next()).flatten()
        }) {
            self.at += 10;
            return Ok(Some(character));
        }
        self.at += 4;
        Ok(char::from_u32(u32::from(one)))
    }

    fn is_masked(&self) -> bool {
        (1..=self.path.len()).fold(false, |masked, depth| {
            let place = &self.path[..depth];
            // At the top level a single value is revealed, not what an object or array there holds.
            let holds_value = depth < self.path.len() && matches!(self.rules.reveal, Revealed::TopLevel);
            (masked || self.is_selected(place)) && (holds_value || !self.is_revealed(place))
        })
    }

    fn is_selected(&self, place: &[Step]) -> bool {
        self.rules.fields.iter().any(|field| selects(field, self.rules.ignore_case, place))
    }

    fn is_revealed(&self, place: &[Step]) -> bool {
        !self.rules.ndjson
            && match &self.rules.reveal {
                Revealed::Nothing => false,
                Revealed::TopLevel => matches!(place, [Step::Member(_)]) && self.is_selected(place),
                Revealed::Fields(fields) => fields.iter().any(|field| selects(field, false, place)),
            }
    }

    fn note_masked(&mut self, masked: bool) {
        if masked && matches!(self.path.last(), Some(Step::Member(_))) {
            self.objects.last_mut().unwrap().1 = true;
        }
    }

    fn note_revealed(&mut self) {
        if self.is_revealed(&self.path) {
            self.counts.revealed += 1;
        }
    }

    fn word(&mut self, word: &[u8]) -> Read {
        for &expected in word {
            self.expect(expected)?;
            self.at += 1;
        }
        Ok(())
    }

    fn expect(&self, expected: u8) -> Read {
        if self.next()? == expected { Ok(()) } else { self.fault(ErrorKind::Syntax) }
    }

    fn whitespace(&mut self) {
        while self.peek().is_some_and(|byte| b" \t\n\r".contains(&byte)) {
            self.at += 1;
        }
    }

    fn next(&self) -> Read<u8> {
        self.peek().ok_or((ErrorKind::Incomplete, self.text.len()))
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn fault<T>(&self, kind: ErrorKind) -> Read<T> {
        Err((kind, self.at))
    }
}

/// The inside of `text` as a JSON string.
fn escaped(text: &str) -> Vec<u8> {
    let quoted = serde_json::to_vec(text).unwrap();
    quoted[1..quoted.len() - 1].to_vec()
}

/// Whether a field, a name at any depth or a path, selects the value at `place`.
fn selects(field: &str, ignore_case: bool, place: &[Step]) -> bool {
    let same = |name: &str, key: &str| {
        name == key || ignore_case && name.to_uppercase().to_lowercase() == key.to_uppercase().to_lowercase()
    };
    match field.strip_prefix('$') {
        Some(path) => leads(&segments(path), place, &same),
        None => matches!(place.last(), Some(Step::Member(key)) if same(field, key)),
    }
}

/// A segment of a path; no name is any member or element.
struct Segment {
    descends: bool,
    name: Option<String>,
}

fn leads(segments: &[Segment], place: &[Step], same: &impl Fn(&str, &str) -> bool) -> bool {
    let [segment, later @ ..] = segments else { return place.is_empty() };
    let fits = |step: &Step| match (&segment.name, step) {
        (None, _) => true,
        (Some(name), Step::Member(key)) => same(name, key),
        (Some(_), Step::Element) => false,
    };
    let tried = if segment.descends { place.len() } else { place.len().min(1) };
    (0..tried).any(|at| fits(&place[at]) && leads(later, &place[at + 1..], same))
}

fn segments(path: &str) -> Vec<Segment> {
    let mut segments = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let descends = rest.starts_with("..");
        let selector = rest.trim_start_matches('.');
        let (name, after) = match selector.strip_prefix('[') {
            Some(bracketed) => {
                let (inside, after) = bracketed.split_once(']').unwrap();
                (inside.trim_matches(['\'', '"']), after)
            }
            None => selector.split_at(selector.find(['.', '[']).unwrap_or(selector.len())),
        };
        segments.push(Segment { descends, name: (name != "*").then(|| name.to_owned()) });
        rest = after;
    }
    segments
}
