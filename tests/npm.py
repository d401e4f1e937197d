"""npm packages for tests, installed as a folder's lock file says."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

#: the oldest Node.js that the packages are used with
NODE = 20


def install(folder: Path, purpose: str) -> str:
    """Install the packages of a folder that has a lock file, and return the path of Node.js.

    Skips the test where there is no Node.js; `purpose` says what it is for.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        pytest.skip(f"no Node.js with npm for {purpose}: install Node.js {NODE} or later")
    version = subprocess.run([node, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    if int(version[1:].partition(".")[0]) < NODE:
        pytest.skip(f"Node.js {version} is too old for {purpose}: install {NODE} or later")
    if not _is_installed(folder):
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
        assert done.returncode == 0, f"npm ci failed in {folder}: {done.stderr}"
    return node


def _is_installed(folder: Path) -> bool:
    """Tell whether npm has finished an installation after the lock file was written."""
    lock, installed = folder / "package-lock.json", folder / "node_modules" / ".package-lock.json"
    return installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime
