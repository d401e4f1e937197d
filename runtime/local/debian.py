"""Debian's archive, used by an unprivileged apt-get with all its state in a folder of our own.

The mirror's address is the machine's own and the packages are verified against the archive's signing key.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import signal
import subprocess
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from runtime.local.errors import ProvisionError
from runtime.local.process import death_signal_prefix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

RELEASE: Final = "trixie"
"""The Debian release whose packages are brought: PostgreSQL 17, TimescaleDB 2.19, Mosquitto 2.0.21."""

ELSEWHERE: Final = (
    "install PostgreSQL with TimescaleDB and Mosquitto >= 2.0.18 yourself, set HALONG_DATABASE_URL and "
    "HALONG_MQTT_URL to services that run elsewhere, or use compose.yaml"
)
_KEYRINGS: Final = (
    "/usr/share/keyrings/debian-archive-keyring.gpg",
    "/usr/share/keyrings/debian-archive-keyring.pgp",
    f"/usr/share/keyrings/debian-archive-{RELEASE}-automatic.gpg",
    f"/etc/apt/trusted.gpg.d/debian-archive-{RELEASE}-automatic.asc",
    f"/etc/apt/trusted.gpg.d/debian-archive-{RELEASE}-automatic.gpg",
)


@dataclass(frozen=True)
class Package:
    """One binary package as the archive's index describes it; sizes in bytes."""

    name: str
    version: str
    architecture: str
    section: str
    size: int
    installed_size: int
    sha256: str
    depends: tuple[str, ...]
    """Names it depends on, alternatives included, in the index's order."""

    @property
    def file_name(self) -> str:
        """The name that `apt-get download` gives its file."""
        return f"{self.name}_{self.version.replace(':', '%3a')}_{self.architecture}.deb"


def choose_mirror(update_uris: str) -> str | None:
    """Return the first Debian mirror in the output of `apt-get update --print-uris`.

    Mirrors of security updates and of other vendors have paths that do not end in `/debian/`.
    """
    match = re.search(r"^'(\S+/debian)/dists/", update_uris, re.MULTILINE)
    return f"{match[1]}/" if match else None


def parse_packages(text: str) -> dict[str, Package]:
    """Read the paragraphs that `apt-cache show` prints; the first of a name counts."""
    packages: dict[str, Package] = {}
    for paragraph in text.split("\n\n"):
        fields = dict(re.findall(r"^([A-Z][\w-]*): (.*)$", paragraph, re.MULTILINE))
        if "Package" in fields:
            packages.setdefault(fields["Package"], _package(fields))
    return packages


def library_closure(seeds: Iterable[str], packages: Mapping[str, Package]) -> list[Package]:
    """Return `seeds` and every shared library package that they need, sorted by name.

    Only dependencies on libraries are followed: maintainer scripts (perl, debconf, adduser …) never run here,
    and LLVM, by far the largest library, only serves PostgreSQL's optional JIT.
    """
    waiting, chosen = deque(seeds), dict[str, Package]()
    while waiting:
        name = waiting.popleft()
        if name not in chosen:
            chosen[name] = packages[name]
            waiting.extend(needed for needed in packages[name].depends if _is_library(packages.get(needed)))
    return [chosen[name] for name in sorted(chosen)]


def _is_library(package: Package | None) -> bool:
    return package is not None and package.section == "libs" and not package.name.startswith("libllvm")


class Archive:
    """apt-get on Debian's archive with its lists, cache and downloads below `folder`."""

    def __init__(self, folder: Path) -> None:
        for program in ("apt-get", "apt-cache", "dpkg"):
            if shutil.which(program) is None:
                raise ProvisionError(f"{program} is missing: this is no Debian-like system; {ELSEWHERE}.")
        self.folder = folder
        self.downloads = folder / "packages"
        self._prepare()

    def select(self, seeds: Sequence[str]) -> list[Package]:
        """Refresh the index and return `seeds` with the libraries they need."""
        self._run("apt-get", "update", "-qq", "-o", "APT::Update::Error-Mode=any")
        uris = self._run("apt-get", "install", "-qq", "--print-uris", "--no-install-recommends", *seeds)
        names = [match[1] for match in re.finditer(r"^'\S+' ([^_\s]+)_", uris, re.MULTILINE)]
        return library_closure(
            seeds, parse_packages(self._run("apt-cache", "show", "--no-all-versions", *names))
        )

    def missing(self, packages: Iterable[Package]) -> list[Package]:
        """Return those not yet downloaded; a half file, or one that its hash doesn't fit, is deleted."""
        missing = [package for package in packages if not self._is_complete(package)]
        for package in missing:
            (self.downloads / package.file_name).unlink(missing_ok=True)
        return missing

    def download(self, packages: Sequence[Package], progress: Callable[[int], None]) -> None:
        """Download `packages`; apt verifies each. `progress` takes the bytes done so far."""
        total = sum(package.size for package in packages)
        versions = [f"{package.name}={package.version}" for package in packages]
        orphan_guard = death_signal_prefix(signal.SIGKILL)  # or it would write on beside the next attempt's
        command = self._command("apt-get", "download", "-qq", "-o", "APT::Status-Fd=1", *versions)
        with subprocess.Popen(
            [*orphan_guard, *command],
            cwd=self.downloads,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            umask=0o022,
        ) as apt:
            for line in apt.stdout or ():
                if match := re.match(r"dlstatus:\d+:([\d.]+):", line):
                    progress(int(float(match[1]) / 100 * total))
            errors = apt.stderr.read() if apt.stderr else ""
        if apt.returncode:
            raise ProvisionError(
                f"Packages could not be downloaded: {_reason(errors)}. Run the same command again."
            )

    def _prepare(self) -> None:
        for name in ("lists/partial", "cache/archives/partial", "packages"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "status").touch()
        architecture = _output(["dpkg", "--print-architecture"]).strip()
        options = f"arch={architecture} signed-by={_keyring()}"
        (self.folder / "sources.list").write_text(f"deb [{options}] {_mirror()} {RELEASE} main\n")

    def _is_complete(self, package: Package) -> bool:
        file = self.downloads / package.file_name
        if not file.is_file() or file.stat().st_size != package.size:
            return False
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest() == package.sha256

    def _run(self, program: str, *arguments: str) -> str:
        return _output(self._command(program, *arguments))

    def _command(self, program: str, *arguments: str) -> list[str]:
        options = {
            "Dir::State": self.folder,
            "Dir::State::Lists": self.folder / "lists",
            "Dir::State::status": self.folder / "status",
            "Dir::Cache": self.folder / "cache",
            "Dir::Cache::Archives": self.folder / "cache/archives",
            "Dir::Etc::sourcelist": self.folder / "sources.list",
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::Etc::preferences": "/dev/null",
            "Dir::Etc::preferencesparts": "/dev/null",
            "Acquire::AllowInsecureRepositories": "false",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
            "APT::Architectures::": "",
            "APT::Sandbox::User": "root",  # no change of user: the folder is ours
            "Debug::NoLocking": "1",  # locked by provision()
        }
        settings = [part for key, value in options.items() for part in ("-o", f"{key}={value}")]
        return [program, *settings, *arguments]


def _package(fields: Mapping[str, str]) -> Package:
    return Package(
        name=fields["Package"],
        version=fields["Version"],
        architecture=fields["Architecture"],
        section=fields.get("Section", ""),
        size=int(fields["Size"]),
        installed_size=int(fields.get("Installed-Size", "0")) * 1024,
        sha256=fields["SHA256"],
        depends=tuple(_names(fields.get("Pre-Depends", ""), fields.get("Depends", ""))),
    )


def _names(*relations: str) -> list[str]:
    """Return the names in "libc6 (>= 2.38), locales | locales-all, perl:any"."""
    parts = re.split(r"[,|]", ",".join(relations))
    return [re.split(r"[\s(:]", part.strip())[0] for part in parts if part.strip()]


def _keyring() -> str:
    for path in _KEYRINGS:
        if Path(path).is_file():
            return path
    raise ProvisionError(
        f"Debian's archive key is missing (looked for {_KEYRINGS[0]}): install the package "
        f"debian-archive-keyring, or {ELSEWHERE}."
    )


def _mirror() -> str:
    # Not `apt-get indextargets`: it knows no mirror as long as the machine's own lists are empty.
    mirror = choose_mirror(_output(["apt-get", "update", "--print-uris"]))
    if mirror is None:
        raise ProvisionError(f"None of this machine's apt sources is a Debian mirror: {ELSEWHERE}.")
    return mirror


def _output(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, umask=0o022)
    if done.returncode:
        raise ProvisionError(
            f"Debian's archive can't be used ({command[0]}: {_reason(done.stderr)}). "
            f"Check the network and run the same command again, or {ELSEWHERE}."
        )
    return done.stdout


def _reason(errors: str) -> str:
    """Return apt's first error line."""
    lines = [line for line in errors.splitlines() if line.strip()]
    wrong = [line[2:].strip() for line in lines if line.startswith("E:")]
    return (wrong or lines or ["no reason given"])[0]
