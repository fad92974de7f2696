# The backends that scripts/unit, scripts/backends and scripts/interop run the suites on, as flags of `cargo test`. They
# all give the same flags, so that nothing is built twice.

default_backend=(--workspace --features tests/interop)

# `rust-crypto` alone: no C library, neither in what is tested nor in the tests.
rust_crypto_alone=(
  --package jwt-core --package tests --lib --tests --no-default-features
  --features jwt-core/jsonwebtoken-11,tests/rust-crypto,tests/interop
)
# Both of ours, both of jsonwebtoken's, and every other feature, for what asks for a backend or for metrics; the others
# are the same.
everything_on=(--package tests --lib --tests --all-features)
need python
members=$(packages published)
while read -r name folder _; do
  ! grep -rqsE 'feature = "(rust-crypto|metrics)"' "$folder/src" "$folder/tests" || everything_on+=(--package "$name")
done <<<"$members"

# run_tests FLAG…: with nextest where it is at hand: it takes minutes to compile, so it is not installed for this.
run_tests() {
  if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run --no-fail-fast --status-level fail --final-status-level fail "$@"
  else
    cargo test --quiet --no-fail-fast "$@"
  fi
}
