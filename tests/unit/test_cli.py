from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from runtime.cli import app
from runtime.demo import City, Folders, local_services
from runtime.demo_card import CARD_MARK, forget_card, write_card
from runtime.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    import click


def commands(
    group: click.Group, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


HALONG = typer.main.get_command(app)
ALL = dict(commands(HALONG))


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_help_teaches_by_an_example(path: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(app, [*path, "--help"])
    assert shown.exit_code == 0
    assert "Example: " in (ALL[path].help or "")


def halong(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "runtime.cli", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


def test_a_missing_setting_is_one_line_that_says_what_to_do() -> None:
    done = halong("migrate")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: HALONG_DATABASE_URL is not set: set it, for example ")


def test_a_wrong_setting_is_named_as_it_is_written() -> None:
    done = halong("migrate", HALONG_API_PORT="70000")
    assert done.stderr.startswith("error: HALONG_API_PORT: ")
    assert len(done.stderr.splitlines()) == 1


def test_an_empty_setting_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """But of the one of which it says that there is to be no host."""
    for name in Settings.model_fields:
        monkeypatch.setenv(f"HALONG_{name.upper()}", "")
    given = Settings()
    for name, field in Settings.model_fields.items():
        assert getattr(given, name) == ("" if name == "sparkplug_host_id" else field.default), name


def test_debug_shows_the_traceback() -> None:
    assert "Traceback" in halong("--debug", "migrate").stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["vn_aqi", "--from", "2026-11-20"], "no indicator 'vn_aqi'"),
        (["vn_aqi_h", "--from", "2099-01-01", "--to", "2099-01-02"], "before the present"),
        (["vn_aqi_h", "--from", "2026-11-20T08:00"], "has no offset"),
        (["vn_aqi_h", "--from", "yesterday"], "is neither a date"),
    ],
)
def test_indicators_run_refuses_what_cannot_be_computed(arguments: list[str], words: str) -> None:
    done = halong("indicators", "run", *arguments, COLUMNS="200")
    assert done.returncode == 2
    assert words in done.stderr


def test_a_demo_keeps_authority_and_exports_in_its_own_folder(tmp_path: Path) -> None:
    places = Folders(tmp_path / "halong-1", tmp_path / ".halong")
    given = Settings(database_url="postgresql://h/d", mqtt_url="mqtt://b")  # type: ignore[arg-type]
    with local_services(given, places, Console(file=io.StringIO())) as city:
        write_card(city, places)
    card = places.env_file.read_text()
    assert f"export HALONG_CA_DIR='{places.state}/ca'" in card
    assert f"export HALONG_EXPORT_DIR='{places.state}/exports'" in card
    found = subprocess.run(
        ["sh", "-euc", f'. "{places.env_file}"; . "{places.env_file}"; command -v halong; echo "$PATH"'],
        env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    programs = Path(sys.executable).parent
    assert found.stdout.splitlines() == [f"{programs}/halong", f"{programs}:/usr/bin:/bin"]
    elsewhere = given.model_copy(update={"ca_dir": tmp_path / "mine"})
    with local_services(elsewhere, places, Console(file=io.StringIO())) as city:
        assert city.environment["HALONG_CA_DIR"] == str(tmp_path / "mine")
        assert "HALONG_CA_PASSPHRASE" not in city.environment


def test_addresses_of_an_earlier_demo_are_not_taken_for_given_ones() -> None:
    sourced = dict.fromkeys(City.CARRIED, "old") | {CARD_MARK: "yes", "PATH": "/bin"}
    forget_card(sourced)
    assert sourced == {"PATH": "/bin"}
    given = {"HALONG_DATABASE_URL": "postgresql://h/d"}
    forget_card(given)
    assert given == {"HALONG_DATABASE_URL": "postgresql://h/d"}
