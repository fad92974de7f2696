//! What a request must be answered, given the keys that the node holds at that moment and nothing else.

use std::sync::Arc;

use super::world::Set;

/// How many wait for one issuer at a time (`RemoteKeys`).
const MOST_WAITING: usize = 64;

/// What is presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Current,
    Previous,
    Retired,
    Sudden,
    Tampered,
    ForAnother,
    Expired,
    Bogus,
    /// With the name of another issuer of ours.
    UnderAnotherName,
    /// With the name of nobody's.
    Untrusted,
    BySecret,
    Malformed,
    Nothing,
}

/// How often each is drawn, of 100.
pub(super) const KINDS: [(Kind, usize); 13] = [
    (Kind::Current, 50),
    (Kind::Previous, 10),
    (Kind::Retired, 5),
    (Kind::Sudden, 5),
    (Kind::Tampered, 5),
    (Kind::ForAnother, 4),
    (Kind::Expired, 4),
    (Kind::Bogus, 5),
    (Kind::UnderAnotherName, 4),
    (Kind::Untrusted, 2),
    (Kind::BySecret, 2),
    (Kind::Malformed, 2),
    (Kind::Nothing, 2),
];

/// The statuses that may be answered: one, but where there is no room to wait.
pub(super) fn expected(
    kind: Kind,
    key_id: Option<&str>,
    held: Option<&Arc<Set>>,
    waiting: usize,
) -> &'static [u16] {
    match kind {
        // Refused by what it says, before any key is looked for.
        Kind::Untrusted | Kind::BySecret | Kind::Malformed | Kind::Nothing => return &[401],
        _ => {}
    }
    let Some(set) = held else { return &[503] };
    let is_held = key_id.is_some_and(|key_id| set.key_ids.contains(key_id));
    match kind {
        Kind::Current | Kind::Previous | Kind::Retired | Kind::Sudden if is_held => &[200],
        Kind::Tampered | Kind::ForAnother | Kind::Expired if is_held => &[401],
        // A key that is not held: refused, or asked for, where there is room to wait for it.
        _ if waiting >= MOST_WAITING => &[401, 503],
        _ => &[401],
    }
}
