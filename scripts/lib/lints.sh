# What is ours is compiled by Clippy's driver, so that tests and lints are one compilation: the compiler, less a few
# optimisations of its middle representation. To be sourced behind what installs, which compiles too.
export RUSTC_WORKSPACE_WRAPPER=clippy-driver

# without_a_warning FLAG…: builds tests; a warning fails this build, and not the run of the tests that comes after it.
without_a_warning() {
  local told code=0
  told=$(CARGO_TERM_PROGRESS_WHEN=never cargo test --quiet --no-run "$@" 2>&1) || code=$?
  [ -n "$told" ] || return "$code"
  printf '%s\nnot without a warning: cargo test %s\n' "$told" "$*"
  return 1
}
