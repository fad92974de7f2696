# The development tools that are compiled once, pinned, and kept beside cargo's own cache. Each version has
# a folder of its own, so that a person's other copy of the same tool is neither used nor replaced.
cargo_deny_version=0.20.2
# Reads format 57 of rustdoc's JSON, which Rust 1.95 writes; another compiler may need another version.
public_api_version=0.52.0
public_api_format=57
cargo_mutants_version=25.3.1

tools=${CARGO_HOME:-$HOME/.cargo}/tools
cargo_deny=$tools/cargo-deny-$cargo_deny_version/bin/cargo-deny
public_api=$tools/cargo-public-api-$public_api_version/bin/cargo-public-api
cargo_mutants=$tools/cargo-mutants-$cargo_mutants_version/bin/cargo-mutants
