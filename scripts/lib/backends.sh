# The backends that scripts/unit, scripts/backends and scripts/interop run the suites on, as flags of `cargo test`. They
# all give the same flags, so that nothing is built twice.

default_backend=(--workspace --features tests/metrics,tests/interop)

# What issue tokens, verify them and judge requests on whatever backend: jwt-core and the suites of `tests`.
#
# `rust-crypto` alone: no C library, neither in what is tested nor in the tests.
rust_crypto_alone=(
  --package jwt-core --package tests --lib --tests --no-default-features
  --features jwt-core/jsonwebtoken-11,tests/rust-crypto,tests/interop
)
# Both of ours, both of jsonwebtoken's, and every other feature.
everything_on=(--package jwt-core --package tests --lib --tests --all-features)

# run_tests FLAG…: with nextest where it is at hand: it takes minutes to compile, so it is not installed for this.
run_tests() {
  if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run --no-fail-fast --status-level fail --final-status-level fail "$@"
  else
    cargo test --quiet --no-fail-fast "$@"
  fi
}
