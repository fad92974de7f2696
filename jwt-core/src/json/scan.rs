//! The one pass over a text: grammar, nesting, unique names.

use std::borrow::Cow;

use super::{Bounds, Document, Fault, Kind, Node, Nodes, Siblings, Value, range, string, text_at};

/// The deepest nesting that can be allowed.
pub(crate) const MAX_DEPTH: usize = 32;

/// Up to this many names in one object each new one may be compared with those before it; a larger
/// object is sorted once at its end, so that no object costs more than `n log n`.
const COMPARED: u32 = 16;

struct Scanner<'j> {
    text: &'j str,
    bytes: &'j [u8],
    at: usize,
}

/// Checks that `text` is one JSON object within `bounds` and lists its nodes.
///
/// RFC 8259 §8.1: a byte order mark is not white space, so the grammar refuses it.
pub(super) fn scan(text: &str, bounds: Bounds, nodes: &mut Nodes) -> Result<(), Fault> {
    let mut scanner = Scanner { text, bytes: text.as_bytes(), at: 0 };
    if scanner.bytes.len() >= u32::MAX.try_into().unwrap_or(usize::MAX) {
        return Err(Fault::Size);
    }
    scanner.skip_space();
    if scanner.peek() != Some(b'{') {
        return Err(Fault::Syntax);
    }
    scanner.document(bounds, nodes)?;
    scanner.skip_space();
    if scanner.peek().is_some() { Err(Fault::Syntax) } else { Ok(()) }
}

/// A container that is not closed yet.
#[derive(Clone, Copy, Default)]
struct Open {
    /// Its place among the nodes.
    node: usize,
    is_object: bool,
    names: Names,
}

/// The names of an object so far.
#[derive(Clone, Copy, Default)]
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
        let len = offset(name.len());
        1_u64.wrapping_shl(first ^ last.wrapping_shl(1) ^ len.wrapping_shl(3))
    }
}

impl Scanner<'_> {
    /// One value and everything below it, without recursion.
    fn document(&mut self, bounds: Bounds, nodes: &mut Nodes) -> Result<(), Fault> {
        let mut innermost = Open::default();
        // Those around it, outermost first.
        let mut outer = [Open::default(); MAX_DEPTH];
        let mut depth = 0_usize;
        loop {
            self.skip_space();
            if innermost.is_object {
                if nodes.len >= bounds.nodes {
                    return Err(Fault::Size);
                }
                self.name(&mut innermost, nodes)?;
                self.skip_space();
            }
            if nodes.len >= bounds.nodes {
                return Err(Fault::Size);
            }
            match self.peek().ok_or(Fault::Syntax)? {
                b'"' => {
                    let Some(string) = self.string() else { return Err(Fault::Syntax) };
                    nodes.push(string);
                }
                opening @ (b'{' | b'[') => {
                    if depth >= bounds.depth {
                        return Err(Fault::Depth);
                    }
                    *outer.get_mut(depth).ok_or(Fault::Depth)? = innermost;
                    depth = depth.wrapping_add(1);
                    let is_object = opening == b'{';
                    innermost = Open { node: nodes.len, is_object, names: Names::default() };
                    let (kind, close) = if is_object { (Kind::Object, b'}') } else { (Kind::Array, b']') };
                    nodes.push(Node { kind, start: offset(self.at), end: 0 });
                    self.step();
                    self.skip_space();
                    if self.peek() != Some(close) {
                        continue;
                    }
                }
                _ => {
                    let Some(scalar) = self.scalar() else { return Err(Fault::Syntax) };
                    nodes.push(scalar);
                }
            }
            // After a value: close what ends here, then go to the next value, if any.
            loop {
                self.skip_space();
                match (self.peek(), innermost.is_object) {
                    (Some(b','), _) => {
                        self.step();
                        break;
                    }
                    (Some(b'}'), true) | (Some(b']'), false) => self.close(innermost, nodes)?,
                    _ => return Err(Fault::Syntax),
                }
                depth = depth.wrapping_sub(1);
                if depth == 0 {
                    return Ok(());
                }
                innermost = outer.get(depth).copied().unwrap_or_default();
            }
        }
    }

    /// A member's name and the colon behind it.
    #[inline(always)]
    fn name(&mut self, object: &mut Open, nodes: &mut Nodes) -> Result<(), Fault> {
        if self.peek() != Some(b'"') {
            return Err(Fault::Syntax);
        }
        let Some(name) = self.string() else { return Err(Fault::Syntax) };
        let names = &mut object.names;
        let bit = match name.kind {
            // Its bit would be that of its spelling: from now on all names are compared.
            Kind::Escaped => u64::MAX,
            _ => Names::bit(self.bytes.get(range(name)).unwrap_or_default()),
        };
        if names.seen & bit != 0 && names.count < COMPARED && self.is_repeated(name, object.node, nodes) {
            return Err(Fault::Duplicate);
        }
        names.seen |= bit;
        names.count = names.count.saturating_add(1);
        nodes.push(name);
        self.skip_space();
        if self.peek() != Some(b':') {
            return Err(Fault::Syntax);
        }
        self.step();
        Ok(())
    }

    #[inline]
    fn close(&mut self, container: Open, nodes: &mut Nodes) -> Result<(), Fault> {
        self.step();
        if container.names.count > COMPARED {
            self.many_are_unique(container.node, nodes)?;
        }
        let len = offset(nodes.len.wrapping_sub(container.node));
        if let Some(node) = nodes.get_mut(container.node) {
            node.end = len;
        }
        Ok(())
    }

    #[cold]
    fn is_repeated(&self, name: Node, object: usize, nodes: &Nodes) -> bool {
        let document = Document { text: self.text, nodes: nodes.as_slice() };
        names(&document, object).any(|earlier| self.same(earlier, name))
    }

    #[cold]
    fn many_are_unique(&self, object: usize, nodes: &Nodes) -> Result<(), Fault> {
        let document = Document { text: self.text, nodes: nodes.as_slice() };
        let mut all: Vec<Cow<'_, str>> = names(&document, object).filter_map(Value::as_str).collect();
        all.sort_unstable();
        if all.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
            Err(Fault::Duplicate)
        } else {
            Ok(())
        }
    }

    #[inline]
    fn same(&self, earlier: Value<'_>, name: Node) -> bool {
        let raw = text_at(self.text, name);
        if name.kind == Kind::String && earlier.kind() == Kind::String {
            earlier.raw() == raw
        } else {
            string::chars(earlier.raw()).eq(string::chars(raw))
        }
    }

    /// A string; stands on its opening quote.
    #[inline(always)]
    fn string(&mut self) -> Option<Node> {
        self.step();
        let start = self.at;
        let mut kind = Kind::String;
        loop {
            self.skip_plain();
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    kind = Kind::Escaped;
                    // Also over an escaped quote.
                    self.at = self.at.wrapping_add(2);
                }
                // RFC 8259 §7: control characters must be escaped.
                _ => return None,
            }
        }
        let node = Node { kind, start: offset(start), end: offset(self.at) };
        self.step();
        if kind == Kind::Escaped && !string::escapes_are_valid(text_at(self.text, node)) {
            return None;
        }
        Some(node)
    }

    /// Skips bytes that mean nothing inside a string, eight at a time.
    #[inline]
    fn skip_plain(&mut self) {
        while let Some(chunk) = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk::<8>()) {
            let special = special(u64::from_le_bytes(*chunk));
            if special != 0 {
                let skipped = usize::try_from(special.trailing_zeros() / 8).unwrap_or(0);
                self.at = self.at.wrapping_add(skipped);
                return;
            }
            self.at = self.at.wrapping_add(8);
        }
        while let Some(byte) = self.peek() {
            if byte == b'"' || byte == b'\\' || byte < 0x20 {
                return;
            }
            self.step();
        }
    }

    /// A number or literal.
    #[inline(always)]
    fn scalar(&mut self) -> Option<Node> {
        let start = self.at;
        let kind = match self.peek() {
            Some(b't') => self.literal(b"true", Kind::True)?,
            Some(b'f') => self.literal(b"false", Kind::False)?,
            Some(b'n') => self.literal(b"null", Kind::Null)?,
            _ => self.number()?,
        };
        Some(Node { kind, start: offset(start), end: offset(self.at) })
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
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline]
    fn step(&mut self) {
        self.at = self.at.wrapping_add(1);
    }
}

/// Marks, by its high bit, the first of eight bytes that is `"`, `\` or below 0x20. Bytes behind
/// that one may be marked wrongly, never those before it.
#[inline]
fn special(bytes: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let zero = |x: u64| x.wrapping_sub(ONES) & !x;
    let quote = zero(bytes ^ (ONES.wrapping_mul(0x22)));
    let backslash = zero(bytes ^ (ONES.wrapping_mul(0x5C)));
    let control = bytes.wrapping_sub(ONES.wrapping_mul(0x20)) & !bytes;
    (quote | backslash | control) & HIGHS
}

/// The names of an object that is the last one and may still be open.
fn names<'n>(document: &'n Document<'n>, object: usize) -> impl Iterator<Item = Value<'n>> {
    Siblings { document, at: object.wrapping_add(1), end: document.nodes.len() }.step_by(2)
}

/// Texts are shorter than 4 GiB, see [`scan`].
#[inline]
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// The string under `name` at the top of an object, found in one bounded look that allocates
/// nothing and checks no more than it needs. Only for choosing which rules to apply: the value is
/// compared again once the text is trusted.
pub(crate) fn find_string_member<'j>(bytes: &'j [u8], name: &str) -> Option<Cow<'j, str>> {
    let text = core::str::from_utf8(bytes).ok()?;
    let mut scanner = Scanner { text, bytes, at: 0 };
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
                    let raw = text.get(range(value))?;
                    return Some(match value.kind {
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
