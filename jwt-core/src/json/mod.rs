//! JSON as this crate needs it: strict, bounded, read once.
//!
//! One pass ([`scan`]) checks the grammar of RFC 8259, the nesting, and that member names are
//! unique at every depth with escapes resolved, and leaves a flat list of nodes. Registered claims
//! and the caller's `T` are then read from the nodes, so that the text is never scanned twice and
//! two readers can never see two different values.

mod de;
mod quotes;
mod scan;
mod string;

use std::borrow::Cow;

pub(crate) use self::de::from_value;
pub(crate) use self::scan::find_string_member;

/// Why a text is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Not UTF-8, not the grammar, not an object, or more than one value.
    Syntax,
    /// Nested deeper than allowed.
    Depth,
    /// A member name occurs twice in one object.
    Duplicate,
    /// More values than allowed, or a text of 512 MiB.
    Size,
}

/// Bounds on a text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Deepest nesting; a flat object has depth 1. At most [`scan::MAX_DEPTH`].
    pub(crate) depth: usize,
    /// Most names and values.
    pub(crate) nodes: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    True,
    False,
    Number,
    String,
    /// A string with at least one escape.
    Escaped,
    Array,
    Object,
}

impl Kind {
    #[inline]
    const fn code(self) -> u32 {
        match self {
            Kind::Null => 0,
            Kind::True => 1,
            Kind::False => 2,
            Kind::Number => 3,
            Kind::String => 4,
            Kind::Escaped => 5,
            Kind::Array => 6,
            Kind::Object => 7,
        }
    }

    #[inline]
    const fn of_code(code: u32) -> Self {
        match code & 7 {
            0 => Kind::Null,
            1 => Kind::True,
            2 => Kind::False,
            3 => Kind::Number,
            4 => Kind::String,
            5 => Kind::Escaped,
            6 => Kind::Array,
            _ => Kind::Object,
        }
    }
}

/// One name or value. `start` is where its text begins: of strings behind the quote, of containers
/// at the opening bracket.
#[derive(Clone, Copy, Debug)]
struct Node {
    start: u32,
    /// Its kind in the three lowest bits, above them its extent: of a scalar the length of its
    /// text, of a container the number of nodes of the whole subtree.
    packed: u32,
}

const EMPTY: Node = Node { start: 0, packed: 0 };

impl Node {
    #[inline]
    fn new(kind: Kind, start: usize, extent: usize) -> Self {
        Self { start: offset(start), packed: offset(extent).wrapping_shl(3) | kind.code() }
    }

    #[inline]
    fn kind(self) -> Kind {
        Kind::of_code(self.packed)
    }

    #[inline]
    fn extent(self) -> usize {
        usize::try_from(self.packed.wrapping_shr(3)).unwrap_or(usize::MAX)
    }

    #[inline]
    fn set_extent(&mut self, extent: usize) {
        self.packed = offset(extent).wrapping_shl(3) | self.kind().code();
    }

    /// Where the text of a scalar stands.
    #[inline]
    fn range(self) -> core::ops::Range<usize> {
        let start = usize::try_from(self.start).unwrap_or(usize::MAX);
        start..start.wrapping_add(self.extent())
    }

    /// Number of nodes that a value and everything below it take.
    #[inline]
    fn subtree(self) -> usize {
        match self.kind() {
            Kind::Array | Kind::Object => self.extent(),
            _ => 1,
        }
    }
}

/// [`scan`] bounds the length of a text, so that nothing is lost here.
#[inline]
fn offset(at: usize) -> u32 {
    // With the mask the compiler sees that the conversion cannot fail.
    u32::try_from(at & 0xFFFF_FFFF).unwrap_or(u32::MAX)
}

/// Nodes of fifteen claims.
const ORDINARY: usize = 32;

/// The most nodes that are kept.
const KEPT: usize = 64;

/// RFC 8259 §8.1 and RFC 7519 §7.2: UTF-8.
pub(crate) fn text(bytes: &[u8]) -> Result<&str, Fault> {
    core::str::from_utf8(bytes).map_err(|_| Fault::Syntax)
}

/// The nodes of one document, in order of appearance. Kept beside its text, they spare another scan.
#[derive(Default)]
pub(crate) struct Nodes(Vec<Node>);

impl Nodes {
    /// With room for the nodes of an ordinary token.
    #[inline]
    pub(crate) fn new() -> Self {
        Self(Vec::with_capacity(ORDINARY))
    }

    /// Itself where it is no more than what is worth keeping: not many times the size of its text.
    pub(crate) fn kept(self) -> Option<Self> {
        (self.0.len() <= KEPT).then_some(self)
    }

    #[inline]
    fn len(&self) -> usize {
        self.0.len()
    }

    #[inline]
    fn push(&mut self, node: Node) {
        self.0.push(node);
    }
}

/// The number that a text of one to nineteen digits spells.
#[inline]
pub(crate) fn digits(text: &str) -> Option<u64> {
    if !matches!(text.len(), 1..=19) {
        return None;
    }
    let (eights, rest) = text.as_bytes().as_chunks::<8>();
    let mut number = 0_u64;
    for eight in eights {
        number = number.wrapping_mul(100_000_000).wrapping_add(eight_digits(u64::from_le_bytes(*eight))?);
    }
    for byte in rest {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number.wrapping_mul(10).wrapping_add(u64::from(digit));
    }
    Some(number)
}

/// The number of eight digits, the first one in the lowest byte: neighbours are joined to pairs,
/// pairs to fours, fours to all eight.
#[inline]
fn eight_digits(bytes: u64) -> Option<u64> {
    const HIGHS: u64 = 0xF0F0_F0F0_F0F0_F0F0;
    const ZEROS: u64 = 0x3030_3030_3030_3030;
    // '0' to '9' are 0x30 to 0x39; six more than that stays below 0x40.
    let above_nine = bytes.wrapping_add(0x0606_0606_0606_0606);
    if (bytes | above_nine) & HIGHS != ZEROS || bytes & HIGHS != ZEROS {
        return None;
    }
    let digits = bytes & !HIGHS;
    let pairs = digits.wrapping_mul(1 + (10 << 8)).wrapping_shr(8) & 0x00FF_00FF_00FF_00FF;
    let fours = pairs.wrapping_mul(1 + (100 << 16)).wrapping_shr(16) & 0x0000_FFFF_0000_FFFF;
    Some(fours.wrapping_mul(1 + (10_000 << 32)).wrapping_shr(32))
}

/// A checked JSON object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Document<'d> {
    text: &'d str,
    nodes: &'d [Node],
}

impl<'d> Document<'d> {
    /// Reads one JSON object, with new nodes.
    pub(crate) fn read(text: &'d str, bounds: Bounds, nodes: &'d mut Nodes) -> Result<Self, Fault> {
        Self::read_and_tell(text, bounds, nodes, |_, _| ())
    }

    /// As [`Document::read`]; tells the name of each member of the object and the place of its
    /// value, see [`Value::sibling`].
    pub(crate) fn read_and_tell(
        text: &'d str,
        bounds: Bounds,
        nodes: &'d mut Nodes,
        on_member: impl FnMut(&[u8], usize),
    ) -> Result<Self, Fault> {
        scan::scan(text, bounds, nodes, on_member)?;
        Ok(Self { text, nodes: &nodes.0 })
    }

    /// The document whose nodes were kept beside this text.
    pub(crate) fn kept(text: &'d str, nodes: &'d Nodes) -> Self {
        Self { text, nodes: &nodes.0 }
    }

    /// The object itself.
    #[inline]
    pub(crate) fn root(&self) -> Value<'_> {
        Value::at(self, 0)
    }

    #[inline]
    fn node(&self, at: usize) -> Node {
        debug_assert!(at < self.nodes.len(), "no node at {at}");
        self.nodes.get(at).copied().unwrap_or(EMPTY)
    }
}

/// One value inside a document.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Value<'d> {
    document: &'d Document<'d>,
    /// The place of its node; those of everything below follow.
    at: usize,
    node: Node,
}

impl<'d> Value<'d> {
    #[inline]
    fn at(document: &'d Document<'d>, at: usize) -> Self {
        Self { document, at, node: document.node(at) }
    }

    #[inline]
    pub(crate) fn kind(self) -> Kind {
        self.node.kind()
    }

    /// The text of a scalar: digits of a number, the inside of a string's quotes.
    #[inline]
    pub(crate) fn raw(self) -> &'d str {
        text_at(self.document.text, self.node)
    }

    /// As [`Value::raw`], in bytes.
    #[inline]
    pub(crate) fn bytes(self) -> &'d [u8] {
        self.document.text.as_bytes().get(self.node.range()).unwrap_or_default()
    }

    /// Another value of the same document, by its place.
    #[inline]
    pub(crate) fn sibling(self, at: usize) -> Value<'d> {
        Value::at(self.document, at)
    }

    /// The value of a string, escapes resolved.
    #[inline]
    pub(crate) fn as_str(self) -> Option<Cow<'d, str>> {
        match self.kind() {
            Kind::String => Some(Cow::Borrowed(self.raw())),
            Kind::Escaped => Some(Cow::Owned(string::unescape(self.raw()))),
            _ => None,
        }
    }

    /// Whether this is a string equal to `other`, escapes resolved, without allocating.
    #[inline]
    pub(crate) fn is_str(self, other: &str) -> bool {
        match self.kind() {
            Kind::String => self.bytes() == other.as_bytes(),
            Kind::Escaped => string::is(self.raw(), other),
            _ => false,
        }
    }

    /// The members of an object; none for anything else.
    #[inline]
    pub(crate) fn members(self) -> Members<'d> {
        Members(self.children(Kind::Object))
    }

    /// The elements of an array; none for anything else.
    #[inline]
    pub(crate) fn elements(self) -> Siblings<'d> {
        self.children(Kind::Array)
    }

    #[inline]
    fn children(self, kind: Kind) -> Siblings<'d> {
        let inside = if self.kind() == kind { self.inside() } else { 0..0 };
        Siblings { document: self.document, at: inside.start, end: inside.end }
    }

    /// The places of everything below it.
    #[inline]
    fn inside(self) -> core::ops::Range<usize> {
        self.at.wrapping_add(1)..self.at.wrapping_add(self.subtree())
    }

    /// Number of nodes that it and everything below it take.
    #[inline]
    fn subtree(self) -> usize {
        self.node.subtree()
    }

    /// The member of that name, by the object's own uniqueness the only one.
    pub(crate) fn member(self, name: &str) -> Option<Value<'d>> {
        self.members().find(|(key, _)| key.is_str(name)).map(|(_, value)| value)
    }

    /// Where this value's text begins in the document.
    pub(crate) fn starts_at(self) -> usize {
        self.node.range().start
    }

    /// Where this value's text stands in the document; of strings, between the quotes.
    #[inline]
    pub(crate) fn span(self) -> Span {
        Span(self.node)
    }
}

/// Where a scalar stands in a text that is kept, so that it can be read again without a search.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span(Node);

impl Span {
    /// Of a claim that is not there.
    pub(crate) const NONE: Self = Self(EMPTY);

    /// Whether there is no such claim.
    pub(crate) fn is_none(self) -> bool {
        // No value starts at the beginning of its document.
        self.0.start == 0
    }

    /// The string at this place of the text the span was taken from.
    pub(crate) fn of(self, text: &str) -> Option<Cow<'_, str>> {
        match self.0.kind() {
            Kind::Escaped => Some(Cow::Owned(string::unescape(text_at(text, self.0)))),
            _ => self.plain(text).map(Cow::Borrowed),
        }
    }

    /// As [`Span::of`], for a string without escapes.
    #[inline]
    pub(crate) fn plain(self, text: &str) -> Option<&str> {
        (self.0.kind() == Kind::String).then(|| text_at(text, self.0))
    }
}

#[inline]
fn text_at(text: &str, node: Node) -> &str {
    debug_assert!(text.get(node.range()).is_some(), "no text at {node:?}");
    text.get(node.range()).unwrap_or("")
}

/// Values that stand side by side.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Siblings<'d> {
    document: &'d Document<'d>,
    at: usize,
    end: usize,
}

impl<'d> Iterator for Siblings<'d> {
    type Item = Value<'d>;

    #[inline]
    fn next(&mut self) -> Option<Value<'d>> {
        if self.at >= self.end {
            return None;
        }
        let value = Value::at(self.document, self.at);
        self.at = self.at.wrapping_add(value.subtree());
        Some(value)
    }
}

/// Names and values of an object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Members<'d>(Siblings<'d>);

impl<'d> Iterator for Members<'d> {
    type Item = (Value<'d>, Value<'d>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let siblings = &mut self.0;
        if siblings.at >= siblings.end {
            return None;
        }
        // A name is one node.
        let name = Value::at(siblings.document, siblings.at);
        siblings.at = siblings.at.wrapping_add(1);
        Some((name, siblings.next()?))
    }
}

#[cfg(test)]
mod tests;
