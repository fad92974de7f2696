# Sourced by every script: the workspace root, and how a suite ends.
#
# A suite exits with 0 (passed), 1 (failed) or 3 (skipped, because something it needs could not be
# installed). With CI=true there is no 3: what cannot run has failed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
target=${CARGO_TARGET_DIR:-$PWD/target}
# A thousand connections have two thousand ends.
ulimit -Sn "$(ulimit -Hn)" 2>/dev/null || true
# A run that starts from nothing and is not looked into has no use for either.
[ "${CI:-}" != true ] || export CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=0
. scripts/lib/tools.sh
. scripts/lib/packages.sh

fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

# need NAME…: installs what is missing, or ends the suite as skipped.
need() {
  ./scripts/install "$@" && return
  printf 'skipped: could not install all of: %s\n' "$*" >&2
  [ "${CI:-}" = true ] && exit 1
  exit 3
}
