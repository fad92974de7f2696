# What the workspace holds, asked of cargo each time, so that a crate added later is covered by itself.

# packages [published|private]: lines of "name folder published|private lib|bin feature,feature,…".
# Keep them in a variable first: a loop over < <(packages) would take a failure for an empty workspace.
packages() {
  cargo metadata --no-deps --format-version 1 | python3 scripts/lib/packages.py "$@"
}

# Built with what the suites build, so that third parties are built once (tests/unify/Cargo.toml).
unify=(--package unify)

# feature_sets FOLDER FEATURE,FEATURE,…: one line of cargo flags for each set that a package is to build with. A feature
# that its own code does not ask for is only handed on, and is built alone where it is asked for.
feature_sets() {
  echo "" # the defaults
  [ -n "$2" ] || return 0
  echo "--no-default-features"
  local feature
  for feature in ${2//,/ }; do
    ! grep -qxF "default = [\"$feature\"]" "$1/Cargo.toml" || continue # built as the defaults
    ! grep -rqF "feature = \"$feature\"" "$1/src" || echo "--no-default-features --features $feature"
  done
  echo "--all-features"
}
