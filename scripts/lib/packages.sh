# What the workspace holds, asked of cargo each time, so that a crate added later is covered by itself.

# packages [published|private]: lines of "name folder published|private lib|bin feature,feature,…".
# Keep them in a variable first: a loop over < <(packages) would take a failure for an empty workspace.
packages() {
  cargo metadata --no-deps --format-version 1 | python3 scripts/lib/packages.py "$@"
}

# feature_sets FEATURE,FEATURE,…: one line of cargo flags for each set that a library is to build with.
feature_sets() {
  echo "" # the defaults
  [ -n "$1" ] || return 0
  echo "--no-default-features"
  local feature
  for feature in ${1//,/ }; do
    [ "$feature" = default ] || echo "--no-default-features --features $feature"
  done
  echo "--all-features"
}

# test_sets NAME FEATURE,FEATURE,…: the same for tests and whatever else is no library: the sets that change what
# they are. jwt-core alone has tests of its own for a backend that is absent.
test_sets() {
  echo "" # the defaults
  [ -n "$2" ] || return 0
  if [ "$1" = jwt-core ]; then
    echo "--no-default-features"
    echo "--no-default-features --features rust-crypto"
  fi
  echo "--all-features"
}
