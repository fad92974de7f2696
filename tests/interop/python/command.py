"""Command line tools of Debian, run once for each request."""

import hashlib
import subprocess
import tempfile
from pathlib import Path

# Gone when the driver ends.
FOLDER = tempfile.TemporaryDirectory()


def file_of(data):
    """A file that holds these bytes, for a command that reads its key from one."""
    path = Path(FOLDER.name, hashlib.sha256(data).hexdigest())
    if not path.exists():
        path.write_bytes(data)
    return str(path)


def run(*words, given=b""):
    return subprocess.run(words, input=given, capture_output=True, timeout=20, check=False)


def words_of(process):
    """What it said when it failed."""
    return process.stderr.decode(errors="replace").strip() or f"ended with {process.returncode}"


def output(*words, given=b""):
    process = run(*words, given=given)
    if process.returncode != 0:
        raise ValueError(words_of(process))
    return process.stdout


def debian_version(package):
    return output("dpkg-query", "--show", "--showformat=${Version}", package).decode()
