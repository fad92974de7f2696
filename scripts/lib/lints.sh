# What is ours is compiled by Clippy's driver, so that tests and lints are one compilation: the compiler, less a few
# optimisations of what is not optimised here anyway. To be sourced behind what installs, which compiles too.
export RUSTC_WORKSPACE_WRAPPER=clippy-driver

# without_a_warning FLAG…: builds tests; a warning is a failure. Where they run it is none, so that they do all the same.
without_a_warning() {
  local told code=0
  told=$(CARGO_TERM_PROGRESS_WHEN=never cargo test --quiet --no-run "$@" 2>&1) || code=$?
  [ -n "$told" ] || return "$code"
  printf '%s\nnot without a warning: cargo test %s\n' "$told" "$*"
  return 1
}
