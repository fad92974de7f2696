"""Turns `cargo metadata --no-deps` into one line per workspace member (see packages.sh)."""

import json
import os
import sys

metadata = json.load(sys.stdin)
members = set(metadata["workspace_members"])
wanted = sys.argv[1] if len(sys.argv) > 1 else None

for package in sorted(metadata["packages"], key=lambda package: package["name"]):
    if package["id"] not in members:
        continue
    # `publish` is null without restriction, [] for `publish = false`.
    state = "private" if package["publish"] == [] else "published"
    if wanted not in (None, state):
        continue
    folder = os.path.relpath(os.path.dirname(package["manifest_path"]), metadata["workspace_root"])
    libraries = {"lib", "rlib", "proc-macro"}
    library = any(libraries & set(target["kind"]) for target in package["targets"])
    features = ",".join(sorted(package["features"]))
    print(package["name"], folder, state, "lib" if library else "bin", features)
