from __future__ import annotations

import hashlib
import json
import os
import socket
import stat
import sys
from pathlib import Path

import pytest

from runtime import places
from runtime.local import debian, prefix, provision
from runtime.local.debian import Archive, Package, choose_mirror, library_closure, parse_packages
from runtime.local.errors import ProvisionError
from runtime.local.installed import (
    MOSQUITTO_PROGRAMS,
    find_mosquitto,
    find_programs,
    has_timescaledb,
    parse_version,
)
from runtime.local.prefix import Part, find_prefix, make_readable_folder, prefix_path
from runtime.local.process import free_port

URIS = """\
'http://packages.example.org/apt/dists/stable/InRelease' packages.example.org_apt_dists_stable_InRelease 0
'http://mirror.example.org/debian-security/dists/bookworm-security/InRelease' x_InRelease 0
'http://mirror.example.org/debian/dists/bookworm/InRelease' mirror.example.org_debian_dists_bookworm 0
'http://other.example.org/debian/dists/bookworm-updates/InRelease' other.example.org_debian_dists 0
"""

INDEX = """\
Package: server-1
Version: 1:2.0-1
Installed-Size: 30
Architecture: amd64
Pre-Depends: libinit (>= 1)
Depends: libbig19, libmain2 (>= 2.38) | libother, perl:any, zlib1g
Section: database
Size: 1000
SHA256: aa
Description: a server
 Depends: not a field

Package: libmain2
Version: 2
Architecture: amd64
Section: libs
Depends: server-common
Size: 10
SHA256: bb

Package: zlib1g
Version: 1
Architecture: amd64
Section: libs
Size: 20
SHA256: cc

Package: libllvm19
Version: 1
Architecture: amd64
Section: libs
Size: 99999
SHA256: dd

Package: perl
Version: 1
Architecture: amd64
Section: perl
Size: 5
SHA256: ee

Package: zlib1g
Version: 0.9
Architecture: amd64
Section: libs
Size: 21
SHA256: ff
"""


def program(folder: Path, name: str, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("mosquitto version 2.0.21", (2, 0, 21)),
        ("mosquitto version 2.1", (2, 1)),
        ("postgres (PostgreSQL) 17.11 (Debian 17.11-0+deb13u1)", (17, 11)),
        ("no version", None),
        ("", None),
    ],
)
def test_parse_version(text: str, version: tuple[int, ...] | None) -> None:
    assert parse_version(text) == version


@pytest.mark.parametrize(
    ("version", "is_taken"), [("2.0.11", False), ("2.0.17", False), ("2.0.18", True), ("2.1.2", True)]
)
def test_an_installed_mosquitto_counts_from_2_0_18(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, is_taken: bool
) -> None:
    for name in MOSQUITTO_PROGRAMS:
        program(tmp_path, name, f"echo '{name} version {version}'; exit 3")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert (find_mosquitto() is not None) is is_taken


def test_programs_count_only_together(tmp_path: Path) -> None:
    program(tmp_path, "one", "")
    assert find_programs(("one", "two"), str(tmp_path)) is None
    program(tmp_path, "two", "")
    assert find_programs(("one", "two"), str(tmp_path)) == {"one": tmp_path / "one", "two": tmp_path / "two"}


def test_an_installed_postgresql_counts_with_timescaledb(tmp_path: Path) -> None:
    for name in ("postgres", "initdb", "pg_ctl", "psql"):
        program(tmp_path / "bin", name, "")
    program(tmp_path / "bin", "pg_config", f"echo {tmp_path}/share")
    assert not has_timescaledb(tmp_path / "bin")
    (tmp_path / "share/extension").mkdir(parents=True)
    (tmp_path / "share/extension/timescaledb.control").touch()
    assert has_timescaledb(tmp_path / "bin")


def test_the_first_debian_mirror_is_chosen() -> None:
    assert choose_mirror(URIS) == "http://mirror.example.org/debian/"


def test_security_and_foreign_sources_are_no_mirror() -> None:
    assert choose_mirror("\n".join(URIS.splitlines()[:2])) is None


def test_packages_are_read_with_their_first_version() -> None:
    packages = parse_packages(INDEX)
    assert packages["server-1"] == Package(
        name="server-1",
        version="1:2.0-1",
        architecture="amd64",
        section="database",
        size=1000,
        installed_size=30 * 1024,
        sha256="aa",
        depends=("libinit", "libbig19", "libmain2", "libother", "perl", "zlib1g"),
    )
    assert packages["server-1"].file_name == "server-1_1%3a2.0-1_amd64.deb"
    assert packages["zlib1g"].size == 20


def test_the_closure_follows_libraries_alone() -> None:
    chosen = library_closure(["server-1"], parse_packages(INDEX))
    assert [package.name for package in chosen] == ["libmain2", "server-1", "zlib1g"]


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Archive:
    monkeypatch.setattr(debian, "_mirror", lambda: "http://mirror.example.org/debian/")
    monkeypatch.setattr(debian, "_keyring", lambda: "/key.gpg")
    return Archive(tmp_path / "apt")


def a_package(content: bytes) -> Package:
    return Package("one", "1", "amd64", "libs", len(content), 0, hashlib.sha256(content).hexdigest(), ())


@pytest.mark.skipif(not Path("/usr/bin/dpkg").exists(), reason="needs a Debian-like system")
class TestResume:
    def test_a_whole_file_is_not_fetched_again(self, archive: Archive) -> None:
        (archive.downloads / "one_1_amd64.deb").write_bytes(b"content")
        assert archive.missing([a_package(b"content")]) == []

    @pytest.mark.parametrize("left", [b"cont", b"c0ntent", b""])
    def test_a_half_or_wrong_file_is_deleted_and_fetched_again(self, archive: Archive, left: bytes) -> None:
        file = archive.downloads / "one_1_amd64.deb"
        file.write_bytes(left)
        package = a_package(b"content")
        assert archive.missing([package]) == [package]
        assert not file.exists()

    def test_the_source_is_signed_by_the_archive_key(self, archive: Archive) -> None:
        line = (archive.folder / "sources.list").read_text()
        assert line.endswith("signed-by=/key.gpg] http://mirror.example.org/debian/ trixie main\n")


def finished(path: Path, changes: dict[str, str] | None = None) -> None:
    path.mkdir(parents=True)
    (path / "halong-prefix.json").write_text(json.dumps({"path": str(path)} | (changes or {})))


def test_an_unfinished_prefix_is_none(tmp_path: Path) -> None:
    parts = frozenset({Part.MOSQUITTO})
    prefix_path(tmp_path, parts).mkdir()
    assert find_prefix(tmp_path, parts) is None


def test_a_moved_prefix_is_none(tmp_path: Path) -> None:
    parts = frozenset({Part.MOSQUITTO})
    finished(prefix_path(tmp_path, parts), {"path": "/elsewhere"})
    assert find_prefix(tmp_path, parts) is None


def test_a_prefix_with_more_than_asked_for_will_do(tmp_path: Path) -> None:
    finished(prefix_path(tmp_path, frozenset(Part)))
    assert find_prefix(tmp_path, frozenset({Part.MOSQUITTO})) == prefix_path(tmp_path, frozenset(Part))


def test_without_apt_the_message_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ProvisionError, match=r"apt-get is missing.*HALONG_DATABASE_URL.*compose\.yaml"):
        Archive(tmp_path / "apt")


def test_a_full_disk_is_told_before_the_download(tmp_path: Path) -> None:
    huge = Package("one", "1", "amd64", "libs", 1, 1 << 60, "", ())
    with pytest.raises(ProvisionError, match=r"MB free and \d+ MB are needed.*HALONG_CACHE_DIR"):
        prefix._require_space(tmp_path, [huge], [])


def test_a_folder_that_is_a_file_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provision, "find_postgres", lambda: None)
    (tmp_path / "file").touch()
    with pytest.raises(ProvisionError, match=r"Can't write below .*HALONG_CACHE_DIR"):
        provision.provision(tmp_path / "file/cache")


def test_made_folders_can_be_entered_by_others(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        make_readable_folder(tmp_path / "a/b")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / "a/b").stat().st_mode) == 0o755


def test_places_are_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HALONG_CACHE_DIR", str(tmp_path / "c"))
    monkeypatch.setenv("HALONG_STATE_DIR", str(tmp_path / "s"))
    assert (places.default_cache(), places.default_state()) == (tmp_path / "c", tmp_path / "s")


@pytest.mark.parametrize("variable", ["XDG_CACHE_HOME", None])
def test_an_ordinary_users_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str | None
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    for name in ("HALONG_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    if variable:
        monkeypatch.setenv(variable, str(tmp_path / "xdg"))
    expected = tmp_path / ("xdg" if variable else ".cache") / "halong"
    assert places.default_cache() == expected


def test_a_taken_port_gives_another() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port(port) not in (0, port)


def test_a_port_is_not_given_twice() -> None:
    """A broker takes three, and listens on none of them before it has all."""
    ports = [free_port() for _ in range(300)]
    assert len(set(ports)) == 300


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_a_free_port_is_none_that_connections_are_given() -> None:
    lowest, _ = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()
    assert max(free_port() for _ in range(20)) < int(lowest)
