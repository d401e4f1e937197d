"""compose.yaml: the settings that a service reads reach it from `.env`, and it reaches whom it talks to."""

from __future__ import annotations

import ast
import re
from functools import cache
from typing import TYPE_CHECKING, Final

import pytest

from devices.model import PLATFORM_USER
from runtime.oidc_settings import OidcSettings
from runtime.settings import Settings
from tests.compose import COMPOSE, OURS, SERVICES, TEXT, environment, filled, make_env, read_env
from tests.conftest import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: the modules that each service begins with
MODULES: Final = {
    "ingest": ("ingest.service",),
    "analytics": ("analytics.service",),
    "api": ("api.service", "dashboards.console.mounting"),
    "identities": ("runtime.broker_follow",),
    "certificate": ("runtime.issuing",),
    "open-data": ("api.open_data.schedule",),
    "reader": ("dashboards.role",),
    "simulators": ("simulators.service",),
}
#: by what a setting is read where it is not read by its own name
READ_AS: Final = {
    "exports_folder": "export_dir",
    "zone": "time_zone",
    "local": "time_zone",
    "require_database_url": "database_url",
    "require_mqtt_url": "mqtt_url",
    "require_open_data_target": "open_data_target",
}
#: what a service has no use for, and why
NOT_GIVEN: Final = {
    ("ingest", "broker_queue_bytes"): "deploy/mosquitto/mosquitto.conf has its default",
    ("api", "ca_passphrase"): "who breaks into the API must not be any gateway",
    ("api", "ca_dir"): "as the one before",
    ("api", "mqtt_ca_file"): "as the one before: the CA's certificate lies in its folder",
}
#: settings of no service: each is given in another way
OF_NO_SERVICE: Final = {
    "broker_dir": "an option of `halong broker follow`",
    "broker_queue_bytes": "see above",
    "night_mail": "Grafana's own: its image has the alarms",
    "night_webhook": "of `halong dashboards deploy`, to a Grafana elsewhere",
}
#: settings that name what is outside, and are read by who talks to it
OUTSIDE: Final = {"alert_targets", "smtp_url", "oidc_issuer", "open_data_target"}


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    make_env(tmp_path / ".env")
    return read_env(tmp_path / ".env")


def variable(setting: str) -> str:
    return f"HALONG_{setting.upper()}"


def imported(module: str, seen: set[str]) -> Iterator[Path]:
    """Yield a module's file and those of all modules of halong that it imports."""
    path = REPOSITORY / f"{module.replace('.', '/')}.py"
    if module in seen or module == "runtime.settings" or not path.is_file():
        return
    seen.add(module)
    yield path
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            for each in (node.module, *(f"{node.module}.{name.name}" for name in node.names)):
                yield from imported(each, seen)
        elif isinstance(node, ast.Import):
            for name in node.names:
                yield from imported(name.name, seen)


@cache
def settings_read(service: str) -> set[str]:
    """Return the settings that a service's modules read: attributes of what is called settings."""
    seen: set[str] = set()
    found = set()
    for path in (path for module in MODULES[service] for path in imported(module, seen)):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and re.search(r"settings|configured", ast.unparse(node.value)):
                found.add(READ_AS.get(node.attr, node.attr))
    return found & Settings.model_fields.keys()


def test_what_services_read_is_found() -> None:
    """The search itself: a setting that is known to be read, of each kind."""
    assert settings_read("ingest") >= {"ingest_batch_rows", "retention_days", "database_url", "mqtt_url"}
    assert settings_read("api") >= {"oidc_client_id", "api_rate_limit", "export_dir", "time_zone"}
    assert settings_read("analytics") >= OUTSIDE & {"alert_targets", "smtp_url"}
    assert "alert_reader_password" in settings_read("identities")


@pytest.mark.parametrize("service", MODULES)
def test_what_a_service_reads_reaches_it(service: str) -> None:
    expected = {each for each in settings_read(service) if (service, each) not in NOT_GIVEN}
    given = SERVICES[service]["environment"].keys()
    assert {variable(each) for each in expected} - given == set()


@pytest.mark.parametrize("setting", Settings.model_fields)
def test_every_setting_reaches_a_service(setting: str) -> None:
    given = {name for name, s in OURS.items() if variable(setting) in s["environment"]}
    assert bool(given) != (setting in OF_NO_SERVICE), f"{variable(setting)}: {given}"


@pytest.mark.parametrize("setting", Settings.model_fields)
def test_what_env_says_is_the_same_for_all(setting: str, env: dict[str, str]) -> None:
    """A value in `.env` comes to every service that has the setting, or to none: compose fixes it then."""
    env[variable(setting)] = "from .env"
    # The simulators find the broker within.
    values = {environment(name, env).get(variable(setting)) for name in OURS.keys() - {"simulators"}} - {None}
    assert "from .env" not in values or len(values) == 1


def reached(service: str) -> bool:
    """Tell whether a service has a way out of the machine."""
    networks = SERVICES[service]["networks"]
    return any(not COMPOSE["networks"][each].get("internal", False) for each in networks)


@pytest.mark.parametrize("service", MODULES)
def test_who_talks_to_others_has_a_way_out(service: str) -> None:
    """Who reads a setting that names what is outside: webhooks, mail servers, identity providers, stores."""
    assert reached(service) or not settings_read(service) & OUTSIDE


def test_who_talks_to_nobody_has_no_way_out() -> None:
    """What is broken into cannot tell anybody."""
    locked = {"db", "ingest", "identities", "migrate", "authority", "certificate", "simulators", "reader"}
    assert {each for each in locked if reached(each)} == set()


def test_a_store_of_open_data_is_reached_by_who_writes_and_who_reads(env: dict[str, str]) -> None:
    names = set(re.findall(r'"(AWS_\w+)"', (REPOSITORY / "api/open_data/store.py").read_text("utf-8")))
    documented = re.findall(r"`(AWS_\w+)`", (REPOSITORY / "docs/open-data.md").read_text("utf-8"))
    for service in ("open-data", "api"):
        assert SERVICES[service]["environment"].keys() >= names | set(documented) >= {"AWS_REGION"}
        assert not environment(service, env).keys() & names, "an empty one is not none to such a store"


def test_every_variable_is_written_by_make_env_or_may_be_missing(env: dict[str, str]) -> None:
    used = re.findall(r"(?<!\$)\$\{(\w+)([^}]*)", TEXT)
    needed = {name for name, rest in used if rest.startswith(":?")}
    assert {rest for name, rest in used if name in needed} == {":?run deploy/make-env"}
    assert {name for name in needed if not env[name]} == set()
    optional = {name for name, rest in used if rest == "-"}
    assert {rest[:2] for name, rest in used if name not in needed | optional} == {":-"}
    assert env.keys() - {"COMPOSE_PROFILES"} <= {name for name, _ in used}
    assert env.keys() >= {variable(name) for name in OidcSettings.model_fields} | {
        variable(name) for name in OUTSIDE
    }


@pytest.mark.parametrize("more", [{}, {"HALONG_OPEN_DATA_TARGET": ""}, {"HALONG_SPARKPLUG_HOST_ID": ""}])
def test_settings_of_our_services_exist_and_are_valid(
    env: dict[str, str], more: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in OURS:
        given = environment(name, env | more)
        unknown = {k for k in given if k.removeprefix("HALONG_").lower() not in Settings.model_fields}
        assert not unknown, f"{name} has settings that halong does not know: {unknown}"
        if "HALONG_MQTT_CA_FILE" in given:
            (tmp_path / "ca.pem").touch()
            given["HALONG_MQTT_CA_FILE"] = str(tmp_path / "ca.pem")
        with monkeypatch.context() as patch:
            for key, value in given.items():
                patch.setenv(key, value)
            settings = Settings()
        platform = f"mqtt://{PLATFORM_USER}:{env['HALONG_MQTT_PASSWORD']}@broker:1884"
        assert settings.require_mqtt_url() == platform
        assert settings.sparkplug_host_id == more.get("HALONG_SPARKPLUG_HOST_ID", "halong")


def test_ingest_is_as_many_as_one_number_says(env: dict[str, str]) -> None:
    """To compose, to each process, and to who tells the broker of their sessions."""
    for number in ("", "1", "3"):
        env["HALONG_INGEST_PROCESSES"] = number
        replicas = filled(SERVICES["ingest"]["deploy"]["replicas"], env)
        told = {environment(name, env)["HALONG_INGEST_PROCESSES"] for name in ("ingest", "identities")}
        assert told == {replicas} == {number or "1"}
