# The backends that scripts/build, scripts/unit, scripts/interop and scripts/backends run the suites on, as flags of
# `cargo test`. They all give the same flags and compile alike, so that nothing is built twice.

default_backend=(--workspace)

# `rust-crypto` alone: no C library, neither in what is tested nor in the tests.
rust_crypto_alone=(
  "${unify[@]}" --package jwt-core --package tests --lib --tests --no-default-features
  --features jwt-core/jsonwebtoken-11,tests/rust-crypto
)
# Both of ours, both of jsonwebtoken's, and every feature of each library that has code for `rust-crypto` or for metrics
# which no other run of its tests compiles: what is there with each backend, or in every test, is compiled by the others.
both_of_ours=(
  "${unify[@]}" --package tests --lib --tests --no-default-features
  --features tests/aws-lc-rs,tests/rust-crypto,tests/jsonwebtoken-backends,tests/sqlite
)
elsewhere=(-e 'any(feature = "metrics", test)' -e 'any(feature = "aws-lc-rs", feature = "rust-crypto")')
need python
members=$(packages published)
while read -r name folder _ _ features; do
  # A folder that is not there is no failure.
  found=$(grep -rhsE 'feature = "(rust-crypto|metrics)"' "$folder/src" "$folder/tests" || true)
  if [ -n "$found" ] && grep -qvF "${elsewhere[@]}" <<<"$found"; then
    both_of_ours+=(--package "$name" --features "$name/${features//,/,$name/}")
  fi
done <<<"$members"
