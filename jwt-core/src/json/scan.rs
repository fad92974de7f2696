//! The one pass over a text: grammar, nesting, unique names.

use std::borrow::Cow;

use super::quotes::{Quotes, is_plain};
use super::{Bounds, Document, Fault, Kind, Node, Nodes, Siblings, Value, offset, string, text_at};

/// The deepest nesting that can be allowed.
pub(crate) const MAX_DEPTH: usize = 32;

/// Up to this many names in one object, none of them with an escape, each new one may be compared with
/// those before it; those of any other object are sorted once at its end, so that none costs more than
/// `n log n`.
const COMPARED: u32 = 16;

/// Texts are shorter than this, so that an extent and a kind fit into one word of a node.
const MAX_LEN: usize = 1 << 29;

/// Checks that `text` is one JSON object within `bounds` and lists its nodes; tells of each member at the
/// top its name and the place of its value.
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
    if is_plain(scanner.bytes) {
        pass(scanner, Quotes::of(scanner.bytes), bounds, nodes, on_member)
    } else {
        pass(scanner, Any, bounds, nodes, on_member)
    }
}

/// How the end of a string is found. A pass asks about every string of its text, in order.
trait Strings {
    /// The string whose opening quote is at `quote`, and the place behind it.
    fn string(&mut self, scanner: Scanner<'_>, quote: usize) -> Option<(Node, usize)>;
}

/// In any text.
struct Any;

impl Strings for Any {
    fn string(&mut self, scanner: Scanner<'_>, quote: usize) -> Option<(Node, usize)> {
        scanner.string(quote)
    }
}

/// In a text where every quote opens or closes a string.
impl Strings for Quotes<'_> {
    #[inline(always)]
    fn string(&mut self, _: Scanner<'_>, quote: usize) -> Option<(Node, usize)> {
        let (opening, closing) = (self.next()?, self.next()?);
        debug_assert_eq!(opening, quote, "a string was not asked about");
        let start = opening.wrapping_add(1);
        Some((Node::new(Kind::String, start, closing.wrapping_sub(start)), closing.wrapping_add(1)))
    }
}

/// An object or array that is still open.
struct Container {
    is_object: bool,
    /// The place of its node.
    node: usize,
    names: Names,
}

impl Container {
    #[inline(always)]
    fn opened_by(bracket: u8, nodes: &mut Nodes, start: usize) -> Self {
        let is_object = bracket == b'{';
        let node = nodes.len();
        nodes.push(Node::new(if is_object { Kind::Object } else { Kind::Array }, start, 0));
        Self { is_object, node, names: Names::default() }
    }

    #[inline(always)]
    fn closing_bracket(&self) -> u8 {
        if self.is_object { b'}' } else { b']' }
    }

    #[inline(always)]
    fn close(&self, text: &str, nodes: &mut Nodes) -> Result<(), Fault> {
        if self.names.count > COMPARED {
            self.names_are_unique(text, nodes)?;
        }
        let len = nodes.len().wrapping_sub(self.node);
        nodes.0.get_mut(self.node).ok_or(Fault::Size)?.set_extent(len);
        Ok(())
    }

    #[cold]
    fn names_are_unique(&self, text: &str, nodes: &Nodes) -> Result<(), Fault> {
        let document = Document { text, nodes: &nodes.0 };
        let mut all: Vec<Cow<'_, str>> = names(&document, self.node).filter_map(Value::as_str).collect();
        all.sort_unstable();
        if all.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
            Err(Fault::Duplicate)
        } else {
            Ok(())
        }
    }

    #[cold]
    fn has(&self, name: &[u8], text: &str, nodes: &Nodes) -> bool {
        let document = Document { text, nodes: &nodes.0 };
        names(&document, self.node).any(|earlier| earlier.bytes() == name)
    }
}

/// The names of an object so far.
#[derive(Default)]
struct Names {
    /// How many there are, and at least one above [`COMPARED`] behind one with an escape.
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

/// The one pass over a document: a loop over names and values, which keeps the containers around it in
/// a list of their own, so that no text can exhaust the stack.
fn pass(
    scanner: Scanner<'_>,
    mut strings: impl Strings,
    bounds: Bounds,
    nodes: &mut Nodes,
    mut on_member: impl FnMut(&[u8], usize),
) -> Result<(), Fault> {
    let depth = bounds.depth.min(MAX_DEPTH);
    let start = scanner.after_space(0);
    if scanner.peek(start) != Some(b'{') {
        return Err(Fault::Syntax);
    }
    if depth == 0 {
        return Err(Fault::Depth);
    }
    let mut outer: Vec<Container> = Vec::new();
    let mut inner = Container::opened_by(b'{', nodes, start);
    let mut at = scanner.after_space(start.wrapping_add(1));
    // Behind an opening bracket nothing need follow; behind a comma something must.
    let mut is_empty = scanner.peek(at) == Some(b'}');
    loop {
        if !is_empty {
            if inner.is_object {
                let told = outer.is_empty().then_some(&mut on_member);
                at = name(scanner, &mut strings, bounds, nodes, &mut inner, at, told)?;
            }
            if nodes.len() >= bounds.nodes {
                return Err(Fault::Size);
            }
            match scanner.peek(at).ok_or(Fault::Syntax)? {
                b'"' => {
                    let (node, end) = strings.string(scanner, at).ok_or(Fault::Syntax)?;
                    nodes.push(node);
                    at = end;
                }
                bracket @ (b'{' | b'[') => {
                    if outer.len().wrapping_add(1) >= depth {
                        return Err(Fault::Depth);
                    }
                    outer.push(core::mem::replace(&mut inner, Container::opened_by(bracket, nodes, at)));
                    at = scanner.after_space(at.wrapping_add(1));
                    is_empty = scanner.peek(at) == Some(inner.closing_bracket());
                    continue;
                }
                _ => {
                    let (kind, end) = scanner.scalar(at).ok_or(Fault::Syntax)?;
                    nodes.push(Node::new(kind, at, end.wrapping_sub(at)));
                    at = end;
                }
            }
        }
        // Behind a value: a comma, or the end of as many containers as end here.
        is_empty = false;
        loop {
            at = scanner.after_space(at);
            match scanner.peek(at) {
                Some(b',') => {
                    at = scanner.after_space(at.wrapping_add(1));
                    break;
                }
                Some(bracket) if bracket == inner.closing_bracket() => {
                    inner.close(scanner.text, nodes)?;
                    at = at.wrapping_add(1);
                    match outer.pop() {
                        Some(container) => inner = container,
                        None if scanner.peek(scanner.after_space(at)).is_none() => return Ok(()),
                        None => return Err(Fault::Syntax),
                    }
                }
                _ => return Err(Fault::Syntax),
            }
        }
    }
}

/// A member's name at `start`, up to its value.
#[inline(always)]
fn name(
    scanner: Scanner<'_>,
    strings: &mut impl Strings,
    bounds: Bounds,
    nodes: &mut Nodes,
    object: &mut Container,
    start: usize,
    told: Option<&mut impl FnMut(&[u8], usize)>,
) -> Result<usize, Fault> {
    if nodes.len() >= bounds.nodes {
        return Err(Fault::Size);
    }
    if scanner.peek(start) != Some(b'"') {
        return Err(Fault::Syntax);
    }
    let (name, end) = strings.string(scanner, start).ok_or(Fault::Syntax)?;
    let Names { count, seen } = object.names;
    if name.kind() == Kind::Escaped {
        if let Some(on_member) = told {
            on_member(string::unescape(text_at(scanner.text, name)).as_bytes(), nodes.len().wrapping_add(1));
        }
        // It may be any of those before it, and any behind it this one: all are sorted at the end. To
        // compare it with each would cost a stranger's header more than a signature.
        object.names.count = count.max(COMPARED).saturating_add(1);
    } else {
        let plain = scanner.bytes.get(name.range()).unwrap_or_default();
        if let Some(on_member) = told {
            on_member(plain, nodes.len().wrapping_add(1));
        }
        let bit = Names::bit(plain);
        if seen & bit != 0 && count < COMPARED && object.has(plain, scanner.text, nodes) {
            return Err(Fault::Duplicate);
        }
        object.names = Names { count: count.saturating_add(1), seen: seen | bit };
    }
    nodes.push(name);
    let colon = scanner.after_space(end);
    if scanner.peek(colon) != Some(b':') {
        return Err(Fault::Syntax);
    }
    Ok(scanner.after_space(colon.wrapping_add(1)))
}

/// A text, read from any place of it.
#[derive(Clone, Copy)]
struct Scanner<'j> {
    text: &'j str,
    bytes: &'j [u8],
}

impl Scanner<'_> {
    /// The string whose opening quote is at `quote`, and the place behind it.
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
fn plain(bytes: &[u8]) -> usize {
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
