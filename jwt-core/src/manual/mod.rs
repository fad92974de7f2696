#![doc = include_str!("index.md")]
// Text only: compiled for the documentation and its tests, and for nothing else.

pub mod attacks {
    #![doc = include_str!("attacks.md")]
}
pub mod defaults {
    #![doc = include_str!("defaults.md")]
}
pub mod algorithms {
    #![doc = include_str!("algorithms.md")]
}
pub mod storage {
    #![doc = include_str!("storage.md")]
}
pub mod contents {
    #![doc = include_str!("contents.md")]
}
pub mod statuses {
    #![doc = include_str!("statuses.md")]
}
pub mod sessions {
    #![doc = include_str!("sessions.md")]
}
pub mod revocation {
    // These examples use `jwt-session`, on which this crate cannot depend: the crate `tests` runs them.
    #![cfg_attr(not(doctest), doc = include_str!("revocation.md"))]
}
pub mod hybrid {
    // As above.
    #![cfg_attr(not(doctest), doc = include_str!("hybrid.md"))]
}
pub mod clients {
    // As above.
    #![cfg_attr(not(doctest), doc = include_str!("clients.md"))]
}
pub mod non_features {
    #![doc = include_str!("non_features.md")]
}
pub mod providers {
    // These examples use `jwt-remote`, on which this crate cannot depend: the crate `tests` runs them.
    #![cfg_attr(not(doctest), doc = include_str!("providers.md"))]
}
pub mod migrating {
    #![doc = include_str!("migrating.md")]
    // These examples use the adapters, on which this crate cannot depend: the crate `tests` runs them.
    #![cfg_attr(not(doctest), doc = include_str!("migrating_adapters.md"))]
}
