//! The one pass over a text: grammar, nesting, unique names.

use std::borrow::Cow;

use super::{Bounds, Document, Fault, Kind, Node, Nodes, Siblings, Value, offset, string, text_at};

/// The deepest nesting that can be allowed.
pub(crate) const MAX_DEPTH: usize = 32;

/// Up to this many names in one object each new one may be compared with those before it; a larger
/// object is sorted once at its end, so that no object costs more than `n log n`.
const COMPARED: u32 = 16;

/// Texts are shorter than this, so that a place and a kind fit into one node.
const MAX_LEN: usize = 1 << 29;

/// Checks that `text` is one JSON object within `bounds` and lists its nodes.
///
/// RFC 8259 §8.1: a byte order mark is not white space, so the grammar refuses it.
pub(super) fn scan(
    text: &str,
    bounds: Bounds,
    nodes: &mut Nodes,
    on_member: impl FnMut(&[u8], usize),
) -> Result<(), Fault> {
    if text.len() >= MAX_LEN {
        return Err(Fault::Size);
    }
    let mut pass = Pass { scanner: Scanner::new(text), nodes, bounds, on_member };
    pass.scanner.skip_space();
    if pass.scanner.peek() != Some(b'{') {
        return Err(Fault::Syntax);
    }
    pass.object(0)?;
    pass.scanner.skip_space();
    if pass.scanner.peek().is_some() { Err(Fault::Syntax) } else { Ok(()) }
}

/// The one pass over a document.
struct Pass<'j, 'n, F> {
    scanner: Scanner<'j>,
    nodes: &'n mut Nodes,
    bounds: Bounds,
    /// Told of each member at the top: its name, and the place of its value.
    on_member: F,
}

/// The names of an object so far.
#[derive(Default)]
struct Names {
    count: u32,
    /// A bit for each name, see [`Names::bit`].
    seen: u64,
}

impl Names {
    /// One of 64 bits, the same for the same name: a name whose bit is not set is a new one.
    /// Chosen such that the registered claims have different ones.
    #[inline]
    fn bit(name: &[u8]) -> u64 {
        let first = name.first().copied().map_or(0, u32::from);
        let last = name.last().copied().map_or(0, u32::from);
        1_u64.wrapping_shl(first ^ last.wrapping_shl(1) ^ offset(name.len()).wrapping_shl(3))
    }
}

impl<F: FnMut(&[u8], usize)> Pass<'_, '_, F> {
    /// An object inside `depth` containers; stands on its opening bracket.
    fn object(&mut self, depth: usize) -> Result<(), Fault> {
        let object = self.open(Kind::Object, depth)?;
        let mut names = Names::default();
        if self.scanner.peek() == Some(b'}') {
            return self.close(object);
        }
        loop {
            self.name(object, &mut names, depth)?;
            self.value(depth)?;
            match self.scanner.peek() {
                Some(b',') => self.scanner.step_over_space(),
                Some(b'}') => break,
                _ => return Err(Fault::Syntax),
            }
        }
        if names.count > COMPARED {
            self.many_are_unique(object)?;
        }
        self.close(object)
    }

    /// An array inside `depth` containers; stands on its opening bracket.
    fn array(&mut self, depth: usize) -> Result<(), Fault> {
        let array = self.open(Kind::Array, depth)?;
        if self.scanner.peek() == Some(b']') {
            return self.close(array);
        }
        loop {
            self.value(depth)?;
            match self.scanner.peek() {
                Some(b',') => self.scanner.step_over_space(),
                Some(b']') => return self.close(array),
                _ => return Err(Fault::Syntax),
            }
        }
    }

    /// Steps over the opening bracket, and returns the container's place among the nodes.
    #[inline]
    fn open(&mut self, kind: Kind, depth: usize) -> Result<usize, Fault> {
        if depth >= self.bounds.depth || depth >= MAX_DEPTH {
            return Err(Fault::Depth);
        }
        let at = self.nodes.len;
        self.nodes.push(Node::new(kind, self.scanner.at, 0));
        self.scanner.step_over_space();
        Ok(at)
    }

    /// Steps over the closing bracket.
    #[inline]
    fn close(&mut self, container: usize) -> Result<(), Fault> {
        self.scanner.step();
        let len = self.nodes.len.wrapping_sub(container);
        let node = self.nodes.get_mut(container).ok_or(Fault::Size)?;
        node.set_extent(len);
        Ok(())
    }

    /// A member's name, up to its value.
    #[inline]
    fn name(&mut self, object: usize, names: &mut Names, depth: usize) -> Result<(), Fault> {
        if self.nodes.len >= self.bounds.nodes {
            return Err(Fault::Size);
        }
        if self.scanner.peek() != Some(b'"') {
            return Err(Fault::Syntax);
        }
        let name = self.scanner.string().ok_or(Fault::Syntax)?;
        let value_at = self.nodes.len.wrapping_add(1);
        let bit = if name.kind() == Kind::Escaped {
            if depth == 0 {
                (self.on_member)(string::unescape(text_at(self.scanner.text, name)).as_bytes(), value_at);
            }
            // Its bit would be that of its spelling: from now on all names are compared.
            u64::MAX
        } else {
            let plain = self.scanner.bytes.get(name.range()).unwrap_or_default();
            if depth == 0 {
                (self.on_member)(plain, value_at);
            }
            Names::bit(plain)
        };
        if names.seen & bit != 0 && names.count < COMPARED && self.is_repeated(name, object) {
            return Err(Fault::Duplicate);
        }
        names.seen |= bit;
        names.count = names.count.saturating_add(1);
        self.nodes.push(name);
        self.scanner.skip_space();
        if self.scanner.peek() != Some(b':') {
            return Err(Fault::Syntax);
        }
        self.scanner.step_over_space();
        Ok(())
    }

    /// A value inside `depth` containers and the one that it stands in, and the space behind it.
    #[inline]
    fn value(&mut self, depth: usize) -> Result<(), Fault> {
        if self.nodes.len >= self.bounds.nodes {
            return Err(Fault::Size);
        }
        match self.scanner.peek().ok_or(Fault::Syntax)? {
            b'"' => self.nodes.push(self.scanner.string().ok_or(Fault::Syntax)?),
            b'{' => self.object(depth.wrapping_add(1))?,
            b'[' => self.array(depth.wrapping_add(1))?,
            _ => self.nodes.push(self.scanner.scalar().ok_or(Fault::Syntax)?),
        }
        self.scanner.skip_space();
        Ok(())
    }

    #[cold]
    fn is_repeated(&self, name: Node, object: usize) -> bool {
        let document = Document { text: self.scanner.text, nodes: self.nodes.as_slice() };
        names(&document, object).any(|earlier| self.same(earlier, name))
    }

    #[cold]
    fn many_are_unique(&self, object: usize) -> Result<(), Fault> {
        let document = Document { text: self.scanner.text, nodes: self.nodes.as_slice() };
        let mut all: Vec<Cow<'_, str>> = names(&document, object).filter_map(Value::as_str).collect();
        all.sort_unstable();
        if all.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
            Err(Fault::Duplicate)
        } else {
            Ok(())
        }
    }

    fn same(&self, earlier: Value<'_>, name: Node) -> bool {
        let raw = text_at(self.scanner.text, name);
        if name.kind() == Kind::String && earlier.kind() == Kind::String {
            earlier.raw() == raw
        } else {
            string::chars(earlier.raw()).eq(string::chars(raw))
        }
    }
}

/// A place in a text.
struct Scanner<'j> {
    text: &'j str,
    bytes: &'j [u8],
    at: usize,
}

impl<'j> Scanner<'j> {
    fn new(text: &'j str) -> Self {
        Self { text, bytes: text.as_bytes(), at: 0 }
    }

    /// A string; stands on its opening quote.
    #[inline]
    fn string(&mut self) -> Option<Node> {
        let start = self.at.wrapping_add(1);
        let end = start.wrapping_add(plain(self.bytes.get(start..)?));
        if self.bytes.get(end) != Some(&b'"') {
            return self.escaped_string(start, end);
        }
        self.at = end.wrapping_add(1);
        Some(Node::new(Kind::String, start, end.wrapping_sub(start)))
    }

    /// The string from `start`, of which something other than a quote stands at `at`.
    #[cold]
    fn escaped_string(&mut self, start: usize, mut at: usize) -> Option<Node> {
        loop {
            match self.bytes.get(at)? {
                b'"' => break,
                b'\\' => {
                    // Also over an escaped quote.
                    at = at.wrapping_add(2);
                    at = at.wrapping_add(plain(self.bytes.get(at..)?));
                }
                // RFC 8259 §7: control characters must be escaped.
                _ => return None,
            }
        }
        let node = Node::new(Kind::Escaped, start, at.wrapping_sub(start));
        self.at = at.wrapping_add(1);
        string::escapes_are_valid(text_at(self.text, node)).then_some(node)
    }

    /// A number or literal.
    #[inline]
    fn scalar(&mut self) -> Option<Node> {
        let start = self.at;
        let kind = match self.peek() {
            Some(b't') => self.literal(b"true", Kind::True)?,
            Some(b'f') => self.literal(b"false", Kind::False)?,
            Some(b'n') => self.literal(b"null", Kind::Null)?,
            _ => self.number()?,
        };
        Some(Node::new(kind, start, self.at.wrapping_sub(start)))
    }

    fn literal(&mut self, word: &[u8], kind: Kind) -> Option<Kind> {
        if !self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            return None;
        }
        self.at = self.at.wrapping_add(word.len());
        Some(kind)
    }

    /// RFC 8259 §6.
    fn number(&mut self) -> Option<Kind> {
        if self.peek() == Some(b'-') {
            self.step();
        }
        match self.peek() {
            Some(b'0') => self.step(),
            Some(b'1'..=b'9') => self.digits()?,
            _ => return None,
        }
        if self.peek() == Some(b'.') {
            self.step();
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.step();
            if let Some(b'+' | b'-') = self.peek() {
                self.step();
            }
            self.digits()?;
        }
        Some(Kind::Number)
    }

    /// One or more digits.
    #[inline]
    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.step();
        }
        (self.at != start).then_some(())
    }

    #[inline]
    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.step();
        }
    }

    #[inline]
    fn step_over_space(&mut self) {
        self.step();
        self.skip_space();
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline]
    fn step(&mut self) {
        self.at = self.at.wrapping_add(1);
    }
}

/// How many bytes at the start mean nothing inside a string; looks at eight at a time.
fn plain(bytes: &[u8]) -> usize {
    let (chunks, tail) = bytes.as_chunks::<8>();
    let mut len = 0_usize;
    for chunk in chunks {
        let special = special(u64::from_le_bytes(*chunk));
        if special != 0 {
            let plain = usize::try_from(special.trailing_zeros() / 8).unwrap_or(0);
            return len.wrapping_add(plain);
        }
        len = len.wrapping_add(8);
    }
    let mut last = [b'"'; 8];
    last.iter_mut().zip(tail).for_each(|(last, byte)| *last = *byte);
    let plain = special(u64::from_le_bytes(last)).trailing_zeros() / 8;
    len.wrapping_add(usize::try_from(plain).unwrap_or(0).min(tail.len()))
}

/// Marks, by its high bit, the first of eight bytes that is `"`, `\` or below 0x20. Bytes behind
/// that one may be marked wrongly, never those before it.
#[inline]
fn special(bytes: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    const fn all(byte: u64) -> u64 {
        ONES.wrapping_mul(byte)
    }
    // With this bit flipped, the quote follows the control characters: one comparison for both.
    let quote_or_control = (bytes ^ all(0x02)).wrapping_sub(all(0x21));
    let backslash = (bytes ^ all(0x5C)).wrapping_sub(ONES);
    (quote_or_control | backslash) & !bytes & HIGHS
}

/// The names of an object that is the last one and may still be open.
fn names<'n>(document: &'n Document<'n>, object: usize) -> impl Iterator<Item = Value<'n>> {
    Siblings { document, at: object.wrapping_add(1), end: document.nodes.len() }.step_by(2)
}

/// The string under `name` at the top of an object, found in one bounded look that allocates
/// nothing and checks no more than it needs. Only for choosing which rules to apply: the value is
/// compared again once the text is trusted.
pub(crate) fn find_string_member<'j>(bytes: &'j [u8], name: &str) -> Option<Cow<'j, str>> {
    let text = core::str::from_utf8(bytes).ok()?;
    let mut scanner = Scanner::new(text);
    let mut depth = 0_usize;
    let mut expects_name = false;
    loop {
        scanner.skip_space();
        match scanner.peek()? {
            b'{' | b'[' => {
                depth = depth.wrapping_add(1);
                expects_name = depth == 1 && scanner.peek() == Some(b'{');
                scanner.step();
            }
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                expects_name = false;
                scanner.step();
            }
            b',' => {
                expects_name = depth == 1;
                scanner.step();
            }
            b':' => scanner.step(),
            b'"' => {
                let node = scanner.string()?;
                if expects_name && string::is(text_at(text, node), name) {
                    scanner.skip_space();
                    if scanner.peek()? != b':' {
                        return None;
                    }
                    scanner.step();
                    scanner.skip_space();
                    if scanner.peek()? != b'"' {
                        return None;
                    }
                    let value = scanner.string()?;
                    let raw = text.get(value.range())?;
                    return Some(match value.kind() {
                        Kind::Escaped => Cow::Owned(string::unescape(raw)),
                        _ => Cow::Borrowed(raw),
                    });
                }
                expects_name = false;
            }
            _ => {
                scanner.scalar()?;
            }
        }
    }
}
