//! What stands at the root of the crates for axum and for actix-web: the same names, but for what one framework
//! alone needs, so that examples of the one are read in the other.

use std::collections::BTreeSet;

/// The names at the root of a crate, by the list of its public API.
fn names<'a>(api: &'a str, root: &str) -> BTreeSet<&'a str> {
    let kinds = ["use", "struct", "enum", "trait", "fn", "mod"];
    let item = |line: &'a str| {
        let item =
            kinds.iter().find_map(|kind| line.strip_prefix("pub ")?.strip_prefix(kind)?.strip_prefix(' '));
        let path = item?.strip_prefix(root)?.strip_prefix("::")?;
        let (name, rest) =
            path.split_at(path.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(path.len()));
        (!rest.starts_with("::")).then_some(name)
    };
    api.lines().filter_map(item).collect()
}

#[test]
fn both_roots_have_the_same_names() {
    let axum = names(include_str!("../../axum-jwt/api.txt"), "axum_jwt");
    let actix = names(include_str!("../../actix-jwt/api.txt"), "actix_jwt");
    let both: Vec<_> = axum.intersection(&actix).copied().collect();
    assert!(both.len() > 15 && both.contains(&"Verifier") && both.contains(&"Claims"), "{both:?}");

    let only_axum: Vec<_> = axum.difference(&actix).copied().collect();
    assert_eq!(
        only_axum,
        ["StateClaims", "tower_jwt"],
        "a handle in `app_data` is found by all; no layer below"
    );
    let only_actix: Vec<_> = actix.difference(&axum).copied().collect();
    let optional = ["MaybeClaims", "MaybeToken"];
    let in_tower_jwt_for_axum = [
        "ExtractFuture",
        "HttpHead",
        "JwtAuthFuture",
        "JwtAuthService",
        "RequireFuture",
        "RequireService",
        "guard",
        "refuse",
    ];
    let expected: BTreeSet<_> = optional.into_iter().chain(in_tower_jwt_for_axum).collect();
    assert_eq!(only_actix, expected.into_iter().collect::<Vec<_>>());
}
