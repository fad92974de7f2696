# The backends that scripts/unit, scripts/interop and scripts/backends run the suites on, as flags of `cargo test`. They
# all give the same flags, so that nothing is built twice.

default_backend=(--workspace --features tests/interop)

# `rust-crypto` alone: no C library, neither in what is tested nor in the tests.
rust_crypto_alone=(
  "${unify[@]}" --package jwt-core --package tests --lib --tests --no-default-features
  --features jwt-core/jsonwebtoken-11,tests/rust-crypto,tests/interop
)
# Both of ours, both of jsonwebtoken's, and every other feature, for what asks for a backend or for metrics; the others
# are the same.
everything_on=("${unify[@]}" --package tests --lib --tests --all-features)
need python
members=$(packages published)
while read -r name folder _; do
  ! grep -rqsE 'feature = "(rust-crypto|metrics)"' "$folder/src" "$folder/tests" || everything_on+=(--package "$name")
done <<<"$members"
