"""Reads `cargo metadata --all-features`: no dependency of a published package needs a later Rust than that one says."""

import json
import sys


def version(text):
    return [int(number) for number in text.split(".")] + [0] * (2 - text.count("."))


metadata = json.load(sys.stdin)
packages = {package["id"]: package for package in metadata["packages"]}
nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
problems = []
for member in metadata["workspace_members"]:
    package = packages[member]
    if package["publish"] == []:
        continue
    seen, open_ids = set(), [member]
    while open_ids:
        for dependency in nodes[open_ids.pop()]["deps"]:
            # `null` is a normal dependency, so a build script's is the other that a user compiles.
            if dependency["pkg"] not in seen and {kind["kind"] for kind in dependency["dep_kinds"]} & {None, "build"}:
                seen.add(dependency["pkg"])
                open_ids.append(dependency["pkg"])
    if not seen:
        problems.append(f"{package['name']}: no dependency was found")
    for other in (packages[id] for id in seen):
        if other["rust_version"] and version(other["rust_version"]) > version(package["rust_version"]):
            problems.append(
                f"{package['name']} says Rust {package['rust_version']}, but {other['name']} {other['version']}"
                f" needs {other['rust_version']}"
            )
sys.exit("\n".join(sorted(problems)) or 0)
