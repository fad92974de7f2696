# What is ours is compiled by Clippy's driver, which is the compiler and lints on the way: tests and lints are one
# compilation, not two.
export RUSTC_WORKSPACE_WRAPPER=clippy-driver

# without_a_warning FLAG…: builds tests. Here a warning is a failure, and nowhere else, so that tests run all the same.
without_a_warning() {
  local told code=0
  told=$(cargo test --quiet --no-run "$@" 2>&1) || code=$?
  [ -n "$told" ] || return "$code"
  printf '%s\nnot without a warning: cargo test %s\n' "$told" "$*"
  return 1
}
