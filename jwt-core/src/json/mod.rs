//! JSON as this crate needs it: strict, bounded, read once.
//!
//! One pass ([`scan`]) checks the grammar of RFC 8259, the nesting, and that member names are
//! unique at every depth with escapes resolved, and leaves a flat list of nodes. Registered claims
//! and the caller's `T` are then read from the nodes, so that the text is never scanned twice and
//! two readers can never see two different values.

mod de;
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
    /// More values than allowed.
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

/// As wide as the other fields of a node, so that nodes are copied in whole words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
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

/// One name or value. For scalars the range is the text (of strings: between the quotes). For
/// containers `start` is the opening bracket and `end` the number of nodes of the whole subtree.
#[derive(Clone, Copy, Debug)]
struct Node {
    kind: Kind,
    start: u32,
    end: u32,
}

const EMPTY: Node = Node { kind: Kind::Null, start: 0, end: 0 };

/// Enough for every ordinary token, so that reading one does not allocate.
const INLINE: usize = 64;

/// RFC 8259 §8.1 and RFC 7519 §7.2: UTF-8.
pub(crate) fn text(bytes: &[u8]) -> Result<&str, Fault> {
    core::str::from_utf8(bytes).map_err(|_| Fault::Syntax)
}

/// Room for the nodes of one document, in order of appearance. Large, so it stays where it is made.
pub(crate) struct Nodes {
    inline: [Node; INLINE],
    len: usize,
    spill: Vec<Node>,
}

impl Nodes {
    #[inline]
    pub(crate) fn new() -> Self {
        Self { inline: [EMPTY; INLINE], len: 0, spill: Vec::new() }
    }

    #[inline]
    fn push(&mut self, node: Node) {
        if let Some(slot) = self.inline.get_mut(self.len) {
            *slot = node;
        } else {
            if self.spill.is_empty() {
                self.spill.extend_from_slice(&self.inline);
            }
            self.spill.push(node);
        }
        self.len = self.len.wrapping_add(1);
    }

    #[inline]
    fn as_slice(&self) -> &[Node] {
        if self.spill.is_empty() { self.inline.get(..self.len).unwrap_or(&[]) } else { &self.spill }
    }

    #[inline]
    fn get_mut(&mut self, at: usize) -> Option<&mut Node> {
        if self.spill.is_empty() { self.inline.get_mut(at) } else { self.spill.get_mut(at) }
    }
}

/// The nodes of a document, to be kept beside its text, so that it need not be scanned again.
#[derive(Default)]
pub(crate) struct KeptNodes(Box<[Node]>);

/// A checked JSON object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Document<'d> {
    text: &'d str,
    nodes: &'d [Node],
}

impl<'d> Document<'d> {
    /// Reads one JSON object, with new nodes.
    pub(crate) fn read(text: &'d str, bounds: Bounds, nodes: &'d mut Nodes) -> Result<Self, Fault> {
        scan::scan(text, bounds, nodes)?;
        Ok(Self { text, nodes: nodes.as_slice() })
    }

    /// The document whose nodes were kept beside this text.
    pub(crate) fn kept(text: &'d str, nodes: &'d KeptNodes) -> Self {
        Self { text, nodes: &nodes.0 }
    }

    /// The nodes, to be kept; none where they are many, so that nothing is kept that is many times
    /// the size of the text.
    pub(crate) fn keep_nodes(&self) -> Option<KeptNodes> {
        (self.nodes.len() <= INLINE).then(|| KeptNodes(self.nodes.into()))
    }

    /// The object itself.
    #[inline]
    pub(crate) fn root(&self) -> Value<'_> {
        Value { document: self, at: 0 }
    }

    #[inline]
    fn node(&self, at: usize) -> Node {
        self.nodes.get(at).copied().unwrap_or(EMPTY)
    }
}

/// One value inside a document.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Value<'d> {
    document: &'d Document<'d>,
    /// The place of its node; those of everything below follow.
    at: usize,
}

impl<'d> Value<'d> {
    #[inline]
    fn node(self) -> Node {
        self.document.node(self.at)
    }

    #[inline]
    pub(crate) fn kind(self) -> Kind {
        self.node().kind
    }

    /// The text of a scalar: digits of a number, the inside of a string's quotes.
    #[inline]
    pub(crate) fn raw(self) -> &'d str {
        text_at(self.document.text, self.node())
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
            Kind::String => self.raw() == other,
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
        let node = self.node();
        let len = if node.kind == kind { subtree(node) } else { 1 };
        Siblings { document: self.document, at: self.at.wrapping_add(1), end: self.at.wrapping_add(len) }
    }

    /// The member of that name, by the object's own uniqueness the only one.
    pub(crate) fn member(self, name: &str) -> Option<Value<'d>> {
        self.members().find(|(key, _)| key.is_str(name)).map(|(_, value)| value)
    }

    /// Where this value's text begins in the document.
    pub(crate) fn starts_at(self) -> usize {
        range(self.node()).start
    }

    /// Where this value's text stands in the document; of strings, between the quotes.
    pub(crate) fn span(self) -> Span {
        let node = self.node();
        Span { kind: node.kind, start: node.start, end: node.end }
    }
}

/// Where a scalar stands in a text that is kept, so that it can be read again without a search.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    kind: Kind,
    start: u32,
    end: u32,
}

impl Span {
    /// The text at this place, escapes as they stand.
    pub(crate) fn raw<'t>(&self, text: &'t str) -> &'t str {
        text_at(text, Node { kind: self.kind, start: self.start, end: self.end })
    }

    /// The value at this place of the text the span was taken from.
    pub(crate) fn of<'t>(&self, text: &'t str) -> Option<Cow<'t, str>> {
        let raw = self.raw(text);
        match self.kind {
            Kind::String => Some(Cow::Borrowed(raw)),
            Kind::Escaped => Some(Cow::Owned(string::unescape(raw))),
            _ => None,
        }
    }
}

#[inline]
fn range(node: Node) -> core::ops::Range<usize> {
    usize::try_from(node.start).unwrap_or(usize::MAX)..usize::try_from(node.end).unwrap_or(usize::MAX)
}

#[inline]
fn text_at(text: &str, node: Node) -> &str {
    text.get(range(node)).unwrap_or("")
}

/// Number of nodes that a value and everything below it take.
#[inline]
fn subtree(node: Node) -> usize {
    match node.kind {
        Kind::Array | Kind::Object => usize::try_from(node.end).unwrap_or(usize::MAX),
        _ => 1,
    }
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
        let value = Value { document: self.document, at: self.at };
        self.at = self.at.wrapping_add(subtree(value.node()));
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
        let name = Value { document: siblings.document, at: siblings.at };
        siblings.at = siblings.at.wrapping_add(1);
        Some((name, siblings.next()?))
    }
}

#[cfg(test)]
mod tests;
