//! Where in a text the scanner is.

/// A place in a JSON text: what was read last and what may come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// At the very start, where a byte order mark may stand; `seen` bytes of it have been read.
    Bom { seen: usize },
    /// Before a value.
    Value,
    /// Behind `[`.
    FirstElement,
    /// Behind `{`.
    FirstMember,
    /// Behind the comma of an object.
    Member,
    /// Inside a key that a chunk boundary cuts or that has escapes.
    Key,
    /// Behind a key.
    Colon,
    /// Inside a string that passes.
    PlainString { escape: Escape },
    /// Inside a string that is being masked.
    MaskedString,
    /// Inside a number; `minus` while only its sign has been read.
    Number { minus: bool },
    /// Inside `true`, `false`, `null` or one of the numbers that are spelt as words.
    Literal { word: &'static [u8], at: usize, number: bool },
    /// Behind a value inside an object or array.
    AfterValue,
    /// Behind the whole value.
    End,
}

/// How far an escape in a string that passes has been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escape {
    None,
    Backslash,
    Hex { left: u8 },
}
