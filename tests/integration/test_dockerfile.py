"""The Dockerfile's build stage, step by step outside of Docker, and what it makes as an unprivileged user."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dashboards.grafana import boards
from tests.compose import DOCKERFILE
from tests.conftest import REPOSITORY

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

#: the user of the image
NOBODY = 10001


def build_steps() -> list[tuple[str, str]]:
    """Return the instructions of the stage `build` with their arguments, in order."""
    stage = re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)[1]
    assert stage.startswith("python:")
    assert " AS build\n" in stage
    lines = stage.replace("\\\n", "").splitlines()[1:]
    instructions = [line.partition(" ") for line in lines if re.match(r"[A-Z]+ ", line)]
    return [(name, rest.strip()) for name, _, rest in instructions]


def is_sent(path: str) -> bool:
    """Tell whether .dockerignore lets a file into the build; the last line that fits counts."""
    sent = True
    for line in (REPOSITORY / ".dockerignore").read_text().splitlines():
        pattern = line.lstrip("!")
        if line.startswith("#") or not pattern:
            continue
        anywhere = pattern.removeprefix("**/")
        parts = path.split("/")
        places = parts if anywhere != pattern else ["/".join(parts[: pattern.count("/") + 1])]
        if any(fnmatch.fnmatchcase(place, anywhere) for place in places):
            sent = line.startswith("!")
    return sent


def send(folder: Path) -> None:
    """Copy what Docker would be sent of what is versioned or about to be."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    for name in filter(is_sent, filter(None, listed.stdout.split("\0"))):
        if (REPOSITORY / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, folder / name)


class Build:
    """What the stage's instructions do, with the image's folders below one of ours."""

    def __init__(self, folder: Path) -> None:
        self.root = folder
        self.sent = folder / "sent"
        self.sent.mkdir()
        send(self.sent)
        self.environment = {"PATH": f"{folder}/python:{os.environ['PATH']}", "HOME": str(Path.home())}
        (folder / "python").mkdir()
        (folder / "python/python").symlink_to(sys.executable)
        self.place = folder

    def at(self, text: str) -> str:
        return re.sub(r"(?<![\w.])/(opt|src)\b", rf"{self.root}/\1", text)

    def do(self, instruction: str, rest: str) -> None:
        match instruction:
            case "ENV":
                for name, value in re.findall(r"(\w+)=(\S+)", rest):
                    # What was downloaded once may be kept here.
                    if name != "PIP_NO_CACHE_DIR":
                        self.environment[name] = self.at(value).replace("$PATH", self.environment["PATH"])
            case "WORKDIR":
                self.place = Path(self.at(rest))
                self.place.mkdir(parents=True)
            case "COPY":
                source, target = rest.split()
                into = self.place / target
                if source == ".":
                    shutil.copytree(self.sent, into, dirs_exist_ok=True)
                else:
                    shutil.copy(self.sent / source, into)
            case "ARG":
                self.environment.setdefault(*rest.split("="))
            case "RUN":
                self.run(self.at(rest))
            case _:
                raise AssertionError(f"this test does not know {instruction}")

    def run(self, command: str) -> None:
        done = subprocess.run(
            command,
            shell=True,
            cwd=self.place,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"


@pytest.fixture(scope="module")
def built(scratch: Path) -> Build:
    folder = scratch / "image"
    folder.mkdir()
    build = Build(folder)
    for instruction, rest in build_steps():
        build.do(instruction, rest)
    return build


def as_nobody() -> dict[str, object]:
    return {"user": NOBODY, "group": NOBODY, "extra_groups": ()} if os.geteuid() == 0 else {}


def may_run(program: str) -> bool:
    """Tell whether the image's user may run a program: root's own Python lies where nobody else may go."""
    command = ["test", "-x", os.path.realpath(program)]
    return subprocess.run(command, check=False, **as_nobody()).returncode == 0  # type: ignore[call-overload, no-any-return]


def halong(build: Build, place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Type a command as the image's user, outside of any source tree, with nothing of ours around it."""
    user = as_nobody() if may_run(sys.executable) else {}
    return subprocess.run(
        [build.root / "opt/halong/bin/halong", *words],
        cwd=place,
        env={"PATH": "/usr/bin:/bin", "HOME": "/tmp", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        **user,  # type: ignore[call-overload]
    )


@pytest.fixture
def place(scratch: Path, request: pytest.FixtureRequest) -> Path:
    """A folder of the image's user."""
    folder = scratch / f"place-{request.node.name}"
    folder.mkdir()
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    return folder


def test_the_steps_are_those_of_a_package_that_is_complete() -> None:
    commands = " ".join(rest for name, rest in build_steps() if name == "RUN")
    for word in ("venv", "--requirement requirements.txt", "--no-deps .", "pip check", "dashboards render"):
        assert word in commands


def test_what_is_sent_is_what_is_needed_and_no_secret() -> None:
    assert is_sent("ingest/service.py")
    assert is_sent("deploy/grafana/provisioning/datasources/halong.yaml")
    for name in (
        ".env",
        "deploy/.env",
        "tests/conftest.py",
        "ingest/__pycache__/x",
        "deploy/proxy/city.key",
        ".git/config",
        "docs/api.md",
    ):
        assert not is_sent(name), name


def test_the_command_runs_outside_the_tree(built: Build, place: Path) -> None:
    helped = halong(built, place, "--help")
    assert helped.returncode == 0, helped.stderr
    assert "ingest" in helped.stdout
    where = halong(built, place, "indicators", "list", "--help")
    assert where.returncode == 0, where.stderr


def test_dashboards_are_in_the_image_and_can_be_rendered_again(built: Build, place: Path) -> None:
    rendered = halong(built, place, "dashboards", "render", "--out", str(place / "boards"))
    assert rendered.returncode == 0, rendered.stderr
    for folder in (built.root / "opt/dashboards", place / "boards"):
        found = {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}
        assert found.keys() == boards().keys()
        assert all(board["panels"] for board in found.values())


def test_what_is_no_python_is_packed_too(built: Build) -> None:
    """Migrations, profiles, pages and styles: each file of the packages that is not a program."""
    (packages,) = (built.root / "opt/halong/lib").glob("python*/site-packages")
    rooms = [path.parent for path in built.sent.glob("*/__init__.py")]
    wanted = [p for room in rooms for p in room.rglob("*") if p.is_file() and p.suffix not in {".pyc", ".md"}]
    missing = [
        str(p.relative_to(built.sent)) for p in wanted if not (packages / p.relative_to(built.sent)).exists()
    ]
    assert missing == []
