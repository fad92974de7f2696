//! For tests: what was counted.

use std::collections::BTreeMap;

use metrics_util::debugging::{DebugValue, Snapshotter};

/// What was counted of sources and keys up to now, as `name outcome` or `name`; what is of this crate is described, and
/// of this source. To be called while the recorder is in place.
pub(crate) fn counted(snapshotter: &Snapshotter, source: &str) -> BTreeMap<String, u64> {
    crate::metrics::describe();
    let rows = snapshotter.snapshot().into_vec().into_iter();
    rows.filter(|(key, ..)| {
        ["jwt_remote_", "jwt_keys_"].iter().any(|ours| key.key().name().starts_with(ours))
    })
    .map(|(key, unit, description, value)| {
        let label = |name: &str| {
            key.key().labels().find(|label| label.key() == name).map(|label| label.value().to_owned())
        };
        let is_of_a_source = key.key().name().starts_with("jwt_remote_");
        let is_described = unit.is_some() && description.is_some();
        assert_eq!(is_described, is_of_a_source, "{} is not described", key.key().name());
        assert_eq!(label("source").as_deref(), is_of_a_source.then_some(source));
        let DebugValue::Counter(times) = value else { panic!("{value:?}") };
        (format!("{} {}", key.key().name(), label("outcome").unwrap_or_default()), times)
    })
    .collect()
}
