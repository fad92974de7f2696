# What the workspace holds, asked of cargo each time, so that a crate added later is covered by itself.

# packages [published|private]: lines of "name folder published|private lib|bin feature,feature,…".
# Keep them in a variable first: a loop over < <(packages) would take a failure for an empty workspace.
packages() {
  cargo metadata --no-deps --format-version 1 | python3 scripts/lib/packages.py "$@"
}

# feature_sets FEATURE,FEATURE,…: one line of cargo flags for each set that a package is to build with.
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
