//! For tests: what was counted.

use std::collections::BTreeMap;

use metrics_util::debugging::{DebugValue, Snapshotter};

/// What was counted, as `name outcome` or `name`, with the source checked.
pub(crate) fn counted(snapshotter: &Snapshotter, source: &str) -> BTreeMap<String, u64> {
    let rows = snapshotter.snapshot().into_vec().into_iter();
    rows.filter(|(key, ..)| key.key().name().starts_with("jwt_remote"))
        .map(|(key, _, _, value)| {
            let label = |name: &str| {
                key.key().labels().find(|label| label.key() == name).map(|label| label.value().to_owned())
            };
            assert_eq!(label("source").as_deref(), Some(source));
            let DebugValue::Counter(times) = value else { panic!("{value:?}") };
            (format!("{} {}", key.key().name(), label("outcome").unwrap_or_default()), times)
        })
        .collect()
}
