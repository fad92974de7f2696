//! The one pass over a text: grammar, nesting, unique names.

use std::borrow::Cow;

use super::{Bounds, Document, Fault, Kind, Node, Nodes, Siblings, Value, offset, string, text_at};

/// The deepest nesting that can be allowed.
pub(crate) const MAX_DEPTH: usize = 32;

/// Up to this many names in one object each new one may be compared with those before it; a larger
/// object is sorted once at its end, so that no object costs more than `n log n`.
const COMPARED: u32 = 16;

/// Texts are shorter than this, so that an extent and a kind fit into one word of a node.
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
    let scanner = Scanner { text, bytes: text.as_bytes() };
    let start = scanner.after_space(0);
    if scanner.peek(start) != Some(b'{') {
        return Err(Fault::Syntax);
    }
    let end = Pass { scanner, nodes, bounds, on_member }.object(start, 0)?;
    if scanner.after_space(end) == text.len() { Ok(()) } else { Err(Fault::Syntax) }
}

/// The one pass over a document. Its methods take the place where they begin and return the one
/// behind what they read, so that a place is never kept in memory.
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
    /// An object inside `depth` containers, from its opening bracket.
    fn object(&mut self, start: usize, depth: usize) -> Result<usize, Fault> {
        let object = self.open(Kind::Object, start, depth)?;
        let mut names = Names::default();
        let mut at = self.scanner.after_space(start.wrapping_add(1));
        if self.scanner.peek(at) == Some(b'}') {
            self.close(object)?;
            return Ok(at.wrapping_add(1));
        }
        loop {
            at = self.name(at, object, &mut names, depth)?;
            at = self.value(at, depth)?;
            match self.scanner.peek(at) {
                Some(b',') => at = self.scanner.after_space(at.wrapping_add(1)),
                Some(b'}') => break,
                _ => return Err(Fault::Syntax),
            }
        }
        if names.count > COMPARED {
            self.many_are_unique(object)?;
        }
        self.close(object)?;
        Ok(at.wrapping_add(1))
    }

    /// An array inside `depth` containers, from its opening bracket.
    fn array(&mut self, start: usize, depth: usize) -> Result<usize, Fault> {
        let array = self.open(Kind::Array, start, depth)?;
        let mut at = self.scanner.after_space(start.wrapping_add(1));
        if self.scanner.peek(at) == Some(b']') {
            self.close(array)?;
            return Ok(at.wrapping_add(1));
        }
        loop {
            at = self.value(at, depth)?;
            match self.scanner.peek(at) {
                Some(b',') => at = self.scanner.after_space(at.wrapping_add(1)),
                Some(b']') => break,
                _ => return Err(Fault::Syntax),
            }
        }
        self.close(array)?;
        Ok(at.wrapping_add(1))
    }

    /// Lists a container, and returns its place among the nodes.
    #[inline]
    fn open(&mut self, kind: Kind, start: usize, depth: usize) -> Result<usize, Fault> {
        if depth >= self.bounds.depth || depth >= MAX_DEPTH {
            return Err(Fault::Depth);
        }
        let at = self.nodes.len();
        self.nodes.push(Node::new(kind, start, 0));
        Ok(at)
    }

    #[inline]
    fn close(&mut self, container: usize) -> Result<(), Fault> {
        let len = self.nodes.len().wrapping_sub(container);
        self.nodes.0.get_mut(container).ok_or(Fault::Size)?.set_extent(len);
        Ok(())
    }

    /// A member's name, up to its value.
    #[inline(always)]
    fn name(&mut self, start: usize, object: usize, names: &mut Names, depth: usize) -> Result<usize, Fault> {
        if self.nodes.len() >= self.bounds.nodes {
            return Err(Fault::Size);
        }
        if self.scanner.peek(start) != Some(b'"') {
            return Err(Fault::Syntax);
        }
        let (name, end) = self.scanner.string(start).ok_or(Fault::Syntax)?;
        let value_at = self.nodes.len().wrapping_add(1);
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
        let colon = self.scanner.after_space(end);
        if self.scanner.peek(colon) != Some(b':') {
            return Err(Fault::Syntax);
        }
        Ok(self.scanner.after_space(colon.wrapping_add(1)))
    }

    /// A value inside `depth` containers and the one that it stands in, and the space behind it.
    #[inline(always)]
    fn value(&mut self, start: usize, depth: usize) -> Result<usize, Fault> {
        if self.nodes.len() >= self.bounds.nodes {
            return Err(Fault::Size);
        }
        let end = match self.scanner.peek(start).ok_or(Fault::Syntax)? {
            b'"' => {
                let (node, end) = self.scanner.string(start).ok_or(Fault::Syntax)?;
                self.nodes.push(node);
                end
            }
            b'{' => self.object(start, depth.wrapping_add(1))?,
            b'[' => self.array(start, depth.wrapping_add(1))?,
            _ => {
                let (kind, end) = self.scanner.scalar(start).ok_or(Fault::Syntax)?;
                self.nodes.push(Node::new(kind, start, end.wrapping_sub(start)));
                end
            }
        };
        Ok(self.scanner.after_space(end))
    }

    #[cold]
    fn is_repeated(&self, name: Node, object: usize) -> bool {
        let document = Document { text: self.scanner.text, nodes: &self.nodes.0 };
        names(&document, object).any(|earlier| self.same(earlier, name))
    }

    #[cold]
    fn many_are_unique(&self, object: usize) -> Result<(), Fault> {
        let document = Document { text: self.scanner.text, nodes: &self.nodes.0 };
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

/// A text, read from any place of it.
#[derive(Clone, Copy)]
struct Scanner<'j> {
    text: &'j str,
    bytes: &'j [u8],
}

impl Scanner<'_> {
    /// The string whose opening quote is at `quote`, and the place behind it.
    #[inline(always)]
    fn string(self, quote: usize) -> Option<(Node, usize)> {
        let start = quote.wrapping_add(1);
        let end = start.wrapping_add(plain(self.bytes.get(start..)?));
        if self.peek(end) != Some(b'"') {
            return self.escaped_string(start, end);
        }
        Some((Node::new(Kind::String, start, end.wrapping_sub(start)), end.wrapping_add(1)))
    }

    /// The string from `start`, of which something other than a quote stands at `at`.
    #[cold]
    fn escaped_string(self, start: usize, mut at: usize) -> Option<(Node, usize)> {
        loop {
            match self.peek(at)? {
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
        string::escapes_are_valid(text_at(self.text, node)).then_some((node, at.wrapping_add(1)))
    }

    /// The number or literal at `start`, and the place behind it.
    #[inline]
    fn scalar(self, start: usize) -> Option<(Kind, usize)> {
        let (word, kind) = match self.peek(start)? {
            b't' => ("true", Kind::True),
            b'f' => ("false", Kind::False),
            b'n' => ("null", Kind::Null),
            _ => return Some((Kind::Number, self.number(start)?)),
        };
        let rest = self.bytes.get(start..)?;
        rest.starts_with(word.as_bytes()).then_some((kind, start.wrapping_add(word.len())))
    }

    /// RFC 8259 §6.
    fn number(self, start: usize) -> Option<usize> {
        let whole = if self.peek(start) == Some(b'-') { start.wrapping_add(1) } else { start };
        let mut at = match self.peek(whole)? {
            b'0' => whole.wrapping_add(1),
            _ => self.digits(whole)?,
        };
        if self.peek(at) == Some(b'.') {
            at = self.digits(at.wrapping_add(1))?;
        }
        if let Some(b'e' | b'E') = self.peek(at) {
            at = at.wrapping_add(1);
            if let Some(b'+' | b'-') = self.peek(at) {
                at = at.wrapping_add(1);
            }
            at = self.digits(at)?;
        }
        Some(at)
    }

    /// One or more digits.
    #[inline]
    fn digits(self, start: usize) -> Option<usize> {
        let digits = self.bytes.get(start..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
        (digits > 0).then_some(start.wrapping_add(digits))
    }

    /// The place of the first byte from `at` that is not white space.
    #[inline(always)]
    fn after_space(self, mut at: usize) -> usize {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek(at) {
            at = at.wrapping_add(1);
        }
        at
    }

    #[inline(always)]
    fn peek(self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }
}

/// How many bytes at the start mean nothing inside a string; looks at eight at a time.
#[inline(always)]
fn plain(bytes: &[u8]) -> usize {
    // Most names end here.
    match bytes.first_chunk().map(|chunk| special(u64::from_le_bytes(*chunk))) {
        None | Some(0) => plain_beyond(bytes),
        Some(special) => first_marked(special),
    }
}

#[inline(never)]
fn plain_beyond(bytes: &[u8]) -> usize {
    let (chunks, tail) = bytes.as_chunks::<8>();
    let mut len = 0_usize;
    for chunk in chunks {
        let special = special(u64::from_le_bytes(*chunk));
        if special != 0 {
            return len.wrapping_add(first_marked(special));
        }
        len = len.wrapping_add(8);
    }
    let mut last = [b'"'; 8];
    last.iter_mut().zip(tail).for_each(|(last, byte)| *last = *byte);
    len.wrapping_add(first_marked(special(u64::from_le_bytes(last))).min(tail.len()))
}

/// Which of eight bytes is the first that is marked by its high bit; eight where none is.
#[inline(always)]
fn first_marked(marks: u64) -> usize {
    usize::try_from(marks.trailing_zeros() / 8).unwrap_or(0)
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
    let scanner = Scanner { text, bytes };
    let mut at = 0;
    let mut depth = 0_usize;
    let mut expects_name = false;
    loop {
        at = scanner.after_space(at);
        let byte = scanner.peek(at)?;
        match byte {
            b'{' | b'[' => {
                depth = depth.wrapping_add(1);
                expects_name = depth == 1 && byte == b'{';
                at = at.wrapping_add(1);
            }
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                expects_name = false;
                at = at.wrapping_add(1);
            }
            b',' => {
                expects_name = depth == 1;
                at = at.wrapping_add(1);
            }
            b':' => at = at.wrapping_add(1),
            b'"' => {
                let (node, end) = scanner.string(at)?;
                if expects_name && string::is(text_at(text, node), name) {
                    return string_member(scanner, end);
                }
                expects_name = false;
                at = end;
            }
            _ => at = scanner.scalar(at)?.1,
        }
    }
}

/// The value of the member whose name ends before `at`, where it is a string.
fn string_member(scanner: Scanner<'_>, at: usize) -> Option<Cow<'_, str>> {
    let colon = scanner.after_space(at);
    let quote = scanner.after_space(colon.wrapping_add(1));
    if scanner.peek(colon)? != b':' || scanner.peek(quote)? != b'"' {
        return None;
    }
    let (value, _) = scanner.string(quote)?;
    let raw = text_at(scanner.text, value);
    Some(match value.kind() {
        Kind::Escaped => Cow::Owned(string::unescape(raw)),
        _ => Cow::Borrowed(raw),
    })
}
