# What the tests against other languages' libraries need, and where it is.

interop=(interop-node interop-python interop-debian)
export INTEROP_NODE=node INTEROP_PYTHON=$PWD/tests/interop/.venv/bin/python INTEROP_RUBY=ruby
export PYTHONDONTWRITEBYTECODE=1
