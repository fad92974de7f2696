"""Reads `cargo metadata --no-deps` and names each published package whose manifest lacks a field."""

import json
import sys

REQUIRED = ("description", "license", "readme", "rust_version", "keywords", "categories")

problems = [
    f"{package['name']}: Cargo.toml has no {field.replace('_', '-')}"
    for package in json.load(sys.stdin)["packages"]
    if package["publish"] != []
    for field in REQUIRED
    if not package[field]
]
sys.exit("\n".join(problems) or 0)
