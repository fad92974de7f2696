# What the tests against other languages' libraries need, and where it is.

interop=(interop-node interop-python interop-debian)
export INTEROP_NODE=node INTEROP_PYTHON=$PWD/tests/interop/.venv/bin/python INTEROP_RUBY=ruby
export PYTHONDONTWRITEBYTECODE=1

# Our own tests have `interop` in their names, and are ignored where nobody asks for them: what follows the flags of
# `cargo test`. More at a time than there are cores, for they wait for other programs.
interop_tests=(-- --ignored interop --test-threads $((2 * $(nproc))))

# listed FLAG…: how many tests `cargo test FLAG…` has.
listed() {
  cargo test --quiet "$@" --list | grep -c ': test$' || true
}
