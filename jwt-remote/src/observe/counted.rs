//! For tests: what was counted.

use std::collections::BTreeMap;

use metrics_util::debugging::{DebugValue, Snapshotter};

/// What this crate counted up to now, as `name outcome` or `name`, all of it described and of this source. To be called
/// while the recorder is in place.
pub(crate) fn counted(snapshotter: &Snapshotter, source: &str) -> BTreeMap<String, u64> {
    crate::metrics::describe();
    let rows = snapshotter.snapshot().into_vec().into_iter();
    let ours = rows.filter(|(key, ..)| key.key().name().starts_with("jwt_remote_"));
    ours.map(|(key, unit, description, value)| {
        let label = |name: &str| {
            key.key().labels().find(|label| label.key() == name).map(|label| label.value().to_owned())
        };
        assert!(unit.is_some() && description.is_some(), "{} is not described", key.key().name());
        assert_eq!(label("source").as_deref(), Some(source));
        let DebugValue::Counter(times) = value else { panic!("{value:?}") };
        (format!("{} {}", key.key().name(), label("outcome").unwrap_or_default()), times)
    })
    .collect()
}
