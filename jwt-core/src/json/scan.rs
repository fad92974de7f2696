//! The one pass over a text: grammar, nesting, unique names.

use std::borrow::Cow;

use super::{Bounds, Fault, Kind, Node, Nodes, Siblings, Value, string, text_at};

/// The deepest nesting that can be allowed.
pub(crate) const MAX_DEPTH: usize = 32;

/// Up to this many names in one object each new one is compared with those before it; a larger
/// object is sorted once at its end, so that no object costs more than `n log n`.
const COMPARED: u32 = 16;

struct Scanner<'j> {
    text: &'j str,
    bytes: &'j [u8],
    at: usize,
}

/// Checks that `text` is one JSON object within `bounds` and lists its nodes.
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

impl<'j> Scanner<'j> {
    /// One value and everything below it, without recursion: `open` holds the indices of the
    /// containers that are not closed yet.
    fn document(&mut self, bounds: Bounds, nodes: &mut Nodes) -> Result<(), Fault> {
        let mut open = [0_usize; MAX_DEPTH];
        let mut depth = 0_usize;
        loop {
            if nodes.len >= bounds.nodes {
                return Err(Fault::Size);
            }
            self.skip_space();
            let opened = match self.peek().ok_or(Fault::Syntax)? {
                b'{' => Some((Kind::Object, b'}')),
                b'[' => Some((Kind::Array, b']')),
                b'"' => {
                    let string = self.string()?;
                    nodes.push(string);
                    None
                }
                _ => {
                    let scalar = self.scalar()?;
                    nodes.push(scalar);
                    None
                }
            };
            if let Some((kind, close)) = opened {
                if depth >= bounds.depth {
                    return Err(Fault::Depth);
                }
                *open.get_mut(depth).ok_or(Fault::Depth)? = nodes.len;
                depth = depth.wrapping_add(1);
                nodes.push(Node { kind, start: offset(self.at), end: 0 });
                self.step();
                self.skip_space();
                if self.peek() != Some(close) {
                    if kind == Kind::Object {
                        self.name(innermost(&open, depth), nodes)?;
                    }
                    continue;
                }
            }
            // After a value: close what ends here, then go to the next value, if any.
            loop {
                if depth == 0 {
                    return Ok(());
                }
                let container = innermost(&open, depth);
                self.skip_space();
                let is_object = nodes.as_slice().get(container).is_some_and(|n| n.kind == Kind::Object);
                match self.peek() {
                    Some(b',') => {
                        self.step();
                        if is_object {
                            self.skip_space();
                            if nodes.len >= bounds.nodes {
                                return Err(Fault::Size);
                            }
                            self.name(container, nodes)?;
                        }
                        break;
                    }
                    Some(b'}') if is_object => self.close(container, nodes)?,
                    Some(b']') if !is_object => self.close(container, nodes)?,
                    _ => return Err(Fault::Syntax),
                }
                depth = depth.wrapping_sub(1);
            }
        }
    }

    /// A member's name and the colon behind it.
    fn name(&mut self, object: usize, nodes: &mut Nodes) -> Result<(), Fault> {
        if self.peek() != Some(b'"') {
            return Err(Fault::Syntax);
        }
        let name = self.string()?;
        // Until the object is closed, its `end` counts its names.
        let before = nodes.get_mut(object).map_or(0, |node| {
            let before = node.end;
            node.end = before.saturating_add(1);
            before
        });
        if before < COMPARED && names(self.text, nodes, object).any(|earlier| self.same(earlier, name)) {
            return Err(Fault::Duplicate);
        }
        nodes.push(name);
        self.skip_space();
        if self.peek() != Some(b':') {
            return Err(Fault::Syntax);
        }
        self.step();
        Ok(())
    }

    fn close(&mut self, container: usize, nodes: &mut Nodes) -> Result<(), Fault> {
        self.step();
        let many = nodes
            .as_slice()
            .get(container)
            .is_some_and(|node| node.kind == Kind::Object && node.end > COMPARED);
        if many {
            let mut all: Vec<Cow<'_, str>> =
                names(self.text, nodes, container).filter_map(Value::as_str).collect();
            all.sort_unstable();
            if all.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
                return Err(Fault::Duplicate);
            }
        }
        let len = offset(nodes.len.wrapping_sub(container));
        if let Some(node) = nodes.get_mut(container) {
            node.end = len;
        }
        Ok(())
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
    fn string(&mut self) -> Result<Node, Fault> {
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
                _ => return Err(Fault::Syntax),
            }
        }
        let node = Node { kind, start: offset(start), end: offset(self.at) };
        self.step();
        if kind == Kind::Escaped && !string::escapes_are_valid(text_at(self.text, node)) {
            return Err(Fault::Syntax);
        }
        Ok(node)
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
    fn scalar(&mut self) -> Result<Node, Fault> {
        let start = self.at;
        let kind = match self.peek() {
            Some(b't') => self.literal(b"true", Kind::True)?,
            Some(b'f') => self.literal(b"false", Kind::False)?,
            Some(b'n') => self.literal(b"null", Kind::Null)?,
            _ => self.number()?,
        };
        Ok(Node { kind, start: offset(start), end: offset(self.at) })
    }

    fn literal(&mut self, word: &[u8], kind: Kind) -> Result<Kind, Fault> {
        if !self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            return Err(Fault::Syntax);
        }
        self.at = self.at.wrapping_add(word.len());
        Ok(kind)
    }

    /// RFC 8259 §6.
    fn number(&mut self) -> Result<Kind, Fault> {
        if self.peek() == Some(b'-') {
            self.step();
        }
        match self.peek() {
            Some(b'0') => self.step(),
            Some(b'1'..=b'9') => self.digits()?,
            _ => return Err(Fault::Syntax),
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
        Ok(Kind::Number)
    }

    /// One or more digits.
    fn digits(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.step();
        }
        if self.at == start { Err(Fault::Syntax) } else { Ok(()) }
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

/// The names of an object that may still be open.
fn names<'n>(text: &'n str, nodes: &'n Nodes, object: usize) -> impl Iterator<Item = Value<'n>> {
    let below = nodes.as_slice().get(object.wrapping_add(1)..).unwrap_or(&[]);
    Siblings { text, nodes: below }.step_by(2)
}

#[inline]
fn innermost(open: &[usize], depth: usize) -> usize {
    open.get(depth.wrapping_sub(1)).copied().unwrap_or(0)
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
                let node = scanner.string().ok()?;
                let here = Value { text, nodes: core::slice::from_ref(&node) };
                if expects_name && here.is_str(name) {
                    scanner.skip_space();
                    if scanner.peek()? != b':' {
                        return None;
                    }
                    scanner.step();
                    scanner.skip_space();
                    if scanner.peek()? != b'"' {
                        return None;
                    }
                    let value = scanner.string().ok()?;
                    let raw = text.get(super::range(value))?;
                    return Some(match value.kind {
                        Kind::Escaped => Cow::Owned(string::unescape(raw)),
                        _ => Cow::Borrowed(raw),
                    });
                }
                expects_name = false;
            }
            _ => {
                scanner.scalar().ok()?;
            }
        }
    }
}
