"""compose.yaml, Dockerfile and Grafana's provisioning, as far as they show unrun."""

from __future__ import annotations

import re
import shlex
import stat
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import yaml
from check_jsonschema.builtin_schemas import get_builtin_schema

from dashboards.deploy import FOLDER, Database, datasource
from dashboards.grafana import boards
from runtime.local.browser_files import browser_config
from runtime.local.installed import parse_version
from runtime.local.mosquitto_files import TlsPorts, broker_config
from tests.compose import COMPOSE, DOCKERFILE, ONCE, OURS, SERVICES, filled, make_env, read_env
from tests.conftest import REPOSITORY as ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    import click

every_service = pytest.mark.parametrize("name", SERVICES)


def test_the_file_follows_the_compose_specification() -> None:
    """Its schema comes with check-jsonschema."""
    schema = get_builtin_schema("vendor.compose-spec")
    jsonschema.validators.validator_for(schema)(schema).validate(COMPOSE)


def test_the_services_are_all_there() -> None:
    services = {
        "identities",
        "broker",
        "browsers",
        "db",
        "ingest",
        "analytics",
        "api",
        "open-data",
        "grafana",
        "simulators",
        "proxy",
        "api-more",
        "backup",
    }
    assert set(SERVICES) - ONCE == services
    assert {"migrate", "authority", "certificate", "reader"} <= ONCE


@every_service
def test_every_service_is_watched_and_bounded(name: str) -> None:
    service = SERVICES[name]
    limits = service["deploy"]["resources"]["limits"]
    assert {"cpus", "memory", "pids"} == set(limits)
    rotation = service["logging"]
    assert rotation["driver"] == "json-file"
    assert re.fullmatch(r"\d+m", rotation["options"]["max-size"])
    assert int(rotation["options"]["max-file"]) > 1
    if name in ONCE or name == "simulators":
        assert service["healthcheck"] == {"disable": True}
    else:
        assert service["restart"] == "unless-stopped"
        assert {"test", "interval", "timeout", "retries", "start_period"} == set(service["healthcheck"])


@every_service
def test_every_service_is_locked(name: str) -> None:
    service = SERVICES[name]
    user, _ = service["user"].split(":")
    assert int(user) > 0
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service.keys() & {"privileged", "cap_add", "network_mode", "pid", "devices"}


@every_service
def test_images_are_pinned(name: str) -> None:
    repository, _, tag = SERVICES[name]["image"].rpartition(":")
    assert tag == "local" or re.search(r"\d+\.\d+\.\d+", tag), f"{repository}:{tag}"


@pytest.mark.parametrize("name", ["broker", "browsers"])
def test_the_broker_is_not_older_than_it_may_be(name: str) -> None:
    """Below 2.1 a change of identities interrupts all gateways, below 2.0.18 Receive Maximum is not kept."""
    version = parse_version(SERVICES[name]["image"].partition(":")[2])
    assert version
    assert version >= (2, 1)


@every_service
def test_dependencies_fit_what_they_wait_for(name: str) -> None:
    """A service that ends is waited for until it has, one with a health check until it is well."""
    for other, how in SERVICES[name].get("depends_on", {}).items():
        expected = "service_completed_successfully" if other in ONCE else "service_healthy"
        assert how["condition"] == expected, f"{name} waits for {other}"
        assert not SERVICES[other].get("profiles") or SERVICES[name].get("profiles")


def test_what_is_needed_first_starts_first() -> None:
    def before(name: str) -> set[str]:
        direct = SERVICES[name].get("depends_on", {})
        return set(direct) | {further for other in direct for further in before(other)}

    assert before("ingest") >= {"db", "migrate", "authority", "certificate", "identities", "broker"}
    assert before("api") >= {"db", "migrate"}
    assert before("grafana") >= {"db", "migrate", "reader"}


def test_simulated_gateways_log_in_as_gateways() -> None:
    """With passwords of their own, by TLS on the listener for gateways, after the broker was told of them."""
    simulators, passwords = SERVICES["simulators"], SERVICES["demo-passwords"]
    assert simulators["environment"]["HALONG_GATEWAY_MQTT_URL"] == "mqtts://broker:8883"
    ca_file = SERVICES["demo-ca"]["command"][-1]
    assert simulators["environment"]["HALONG_MQTT_CA_FILE"] == ca_file
    for service in (simulators, SERVICES["demo-ca"]):
        assert str(Path(ca_file).parent) in {v.split(":")[1] for v in service["volumes"]}
    file = passwords["command"][-1]
    assert f"--passwords={file}" in simulators["command"]
    for service in (simulators, passwords):
        assert str(Path(file).parent) in {v.split(":")[1] for v in service["volumes"]}
    assert "demo-passwords" in simulators["depends_on"]


def test_volumes_and_networks_are_declared_and_used() -> None:
    used = {v.partition(":")[0] for s in SERVICES.values() for v in s.get("volumes", ())}
    assert {v for v in used if not v.startswith(".")} == set(COMPOSE["volumes"])
    assert {n for s in SERVICES.values() for n in s["networks"]} == set(COMPOSE["networks"])
    for path in used - set(COMPOSE["volumes"]):
        assert (ROOT / path).exists()


def test_open_data_are_published_where_the_api_reads_them(env: dict[str, str]) -> None:
    folder = Path(env["HALONG_OPEN_DATA_TARGET"])
    modes = {}
    for name in ("open-data", "api"):
        service = SERVICES[name]
        assert filled(service["environment"]["HALONG_OPEN_DATA_TARGET"], env) == str(folder)
        (modes[name],) = (v.split(":")[2:] for v in service["volumes"] if f":{folder}" in v)
    assert modes == {"open-data": [], "api": ["ro"]}
    assert f"--group=10001 {folder} " in DOCKERFILE


def test_only_what_is_meant_for_others_is_published() -> None:
    ports = {name: s["ports"] for name, s in SERVICES.items() if s.get("ports")}
    assert {name: [p.rpartition(":")[2] for p in given] for name, given in ports.items()} == {
        "broker": ["8883", "8884"],
        "browsers": ["8084"],
        "api": ["8000"],
        "grafana": ["3000"],
        "proxy": ["8080", "8443"],
    }
    inside = {"platform", "control"}
    assert [COMPOSE["networks"][name] for name in inside] == [{"internal": True}] * 2
    assert COMPOSE["networks"]["proxied"]["internal"] is True


def test_what_browsers_reach_is_apart_from_all_but_the_gateways_broker() -> None:
    assert SERVICES["browsers"]["networks"] == ["gateways", "control"]
    beside = {name for name, s in SERVICES.items() if {"gateways", "control"} & set(s["networks"])} - {
        "browsers"
    }
    assert beside == {"broker", "api", "api-more", "identities"}
    assert "gateways" not in {*SERVICES["api"]["networks"], *SERVICES["identities"]["networks"]}
    assert not any(v.startswith("identities:") for v in SERVICES["browsers"]["volumes"])


# --- secrets


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    make_env(tmp_path / ".env")
    return read_env(tmp_path / ".env")


def test_the_authority_is_in_the_hands_of_those_who_sign() -> None:
    """The broker has its own key from `identities`, and nobody else has the authority's."""
    signers = {"authority", "certificate", "identities", "demo-ca"}
    # Its copies are worth nothing without the passphrase, which they do not have.
    keepers = {"backup"}
    assert {n for n, s in SERVICES.items() if "HALONG_CA_PASSPHRASE" in s.get("environment", {})} == signers
    holders = {
        n for n, s in SERVICES.items() if any(v.startswith("authority:") for v in s.get("volumes", ()))
    }
    assert holders == signers | keepers
    folders = {SERVICES[name]["environment"]["HALONG_CA_DIR"] for name in signers}
    (folder,) = folders
    assert f"--owner=1883 --group=1883 --mode=0700 {folder} " in DOCKERFILE


def test_the_broker_is_named_in_its_certificate_as_gateways_reach_it(env: dict[str, str]) -> None:
    names = filled(SERVICES["certificate"]["environment"]["HALONG_BROKER_NAMES"], env).split(",")
    host = subprocess.run(["hostname", "-f"], capture_output=True, text=True, check=False).stdout.strip()
    assert names[:2] == ["broker", "localhost"]
    assert names[2:] == [env["HALONG_GATEWAY_NAMES"]]
    assert names[2] == host or not host


def test_secrets_are_random_and_fit_into_addresses(env: dict[str, str], tmp_path: Path) -> None:
    make_env(tmp_path / "other")
    secrets = [value for name, value in env.items() if name.endswith(("_PASSWORD", "_PASSPHRASE"))]
    assert len(secrets) == len(set(secrets)) == 7
    for secret in secrets:
        assert re.fullmatch(r"[0-9a-f]{48}", secret)
        assert secret not in (tmp_path / "other").read_text()


def test_secrets_are_the_owners_and_are_never_overwritten(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    make_env(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    written = file.read_text()
    again = make_env(file, check=False)
    assert again.returncode == 1
    assert re.fullmatch(r"make-env: .* exists: its secrets are in use; .*\n", again.stderr)
    assert file.read_text() == written


@every_service
def test_no_secret_stands_in_the_file(name: str) -> None:
    for variable, value in SERVICES[name].get("environment", {}).items():
        if re.search(r"PASSWORD|PASSPHRASE|SECRET|TOKEN|KEY", variable):
            assert value is None or re.fullmatch(r"\$\{HALONG_\w+(:\?run deploy/make-env|-)\}", value)
        assert not re.search(r"://[^:/@]+:(?!\$\{)[^@]+@", str(value)), variable


# --- commands


def commands() -> Iterator[tuple[str, list[str]]]:
    for name, service in OURS.items():
        yield f"{name}: command", service["command"]
        test = service["healthcheck"].get("test", ["CMD"])
        if test[1:2] == ["halong"]:
            yield f"{name}: health check", test[1:]
    for line in re.findall(r"^(?:RUN|CMD) (.*halong .*)$", DOCKERFILE, re.MULTILINE):
        words = [w for w in re.split(r"[\s\[\],\"]+", line) if w]
        if words[0] == "halong":
            yield f"Dockerfile: {line}", words


@pytest.mark.parametrize(("where", "words"), list(commands()))
def test_every_command_is_one_of_halongs(where: str, words: list[str]) -> None:
    try:
        from runtime.cli import app
    except ImportError as error:
        pytest.skip(f"the command line is not complete: {error}")
    from typer.main import get_command

    command: click.Command = get_command(app)
    arguments = words[1:]
    while arguments and hasattr(command, "commands") and not arguments[0].startswith("-"):
        assert arguments[0] in command.commands, f"{where}: halong has no command {shlex.join(words)}"
        command = command.commands[arguments.pop(0)]
    if arguments != ["--help"]:
        command.make_context("halong", list(arguments), resilient_parsing=False)


# --- images, broker, Grafana


def test_images_are_built_from_stages_that_exist_and_run_as_nobody() -> None:
    images, stages = zip(*re.findall(r"^FROM (\S+) AS (\w+)$", DOCKERFILE, re.MULTILINE), strict=True)
    assert DOCKERFILE.count("FROM ") == len(stages)
    assert {s["build"]["target"] for s in SERVICES.values() if "build" in s} <= set(stages)
    assert all(re.search(r":\d+\.\d+\.\d+(-[\w.-]+)?$", image) for image in images)
    assert images.count(SERVICES["db"]["image"]) == 1, "pg_dump is the server's"
    assert "\nUSER 10001:10001\n" in DOCKERFILE.rpartition("FROM")[2]
    assert "HEALTHCHECK" not in DOCKERFILE
    assert DOCKERFILE.index("requirements.txt") < DOCKERFILE.index("COPY . .")


def test_every_package_is_sent_to_the_image() -> None:
    sent = set(re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE))
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert packages <= sent
    assert {"pyproject.toml", "requirements.txt", "README.md", "LICENSE"} <= sent


def test_the_broker_is_set_up_as_the_local_one() -> None:
    """Except for folders, user, and listeners, which Docker keeps apart instead of loopback."""
    folder = Path("/var/lib/halong/broker")
    ports = TlsPorts(8883, 8884)
    local = _settings(broker_config(folder, gateway_port=None, platform_port=1884, tls=ports))
    compose = _settings((ROOT / "deploy/mosquitto/mosquitto.conf").read_text())
    local = [line.removesuffix(" 127.0.0.1") for line in local if not line.startswith("user ")]
    where = f"persistence_location {folder}/"
    assert compose == [line if line != where else "persistence_location /mosquitto/data/" for line in local]


def test_the_broker_for_browsers_is_set_up_as_the_local_one() -> None:
    """But that it speaks TLS, and lets halong come from another container."""
    local = browser_config(
        Path("/tmp/browsers"),
        library=Path("/usr/lib/mosquitto_dynamic_security.so"),
        port=8084,
        control_port=1885,
        gateways=("broker", 8883),
        tls=True,
    )
    compose = _settings((ROOT / "deploy/mosquitto/browsers.conf").read_text())
    assert compose == [
        line.removesuffix(" 127.0.0.1") for line in _settings(local) if not line.startswith("user ")
    ]


def test_the_data_source_is_the_one_that_deploy_makes() -> None:
    (provisioned,) = _yaml("datasources/halong.yaml")["datasources"]
    database = Database(host="db", name="halong", password="")
    assert provisioned.items() >= datasource(database).items()
    assert provisioned["secureJsonData"] == {"password": "$HALONG_DASHBOARD_PASSWORD"}
    assert "HALONG_DASHBOARD_PASSWORD" in SERVICES["grafana"]["environment"]


def test_the_dashboards_are_found_where_the_image_has_them() -> None:
    (provider,) = _yaml("dashboards/halong.yaml")["providers"]
    folder = provider["options"]["path"]
    assert re.search(rf"COPY --from=build \S+ {folder}\n", DOCKERFILE)
    assert (provider["folderUid"], provider["folder"]) == (FOLDER["uid"], FOLDER["title"])
    home = Path(SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert str(home.parent) == folder
    assert home.stem in boards()


def _settings(conf: str) -> list[str]:
    return [line for line in conf.splitlines() if line and not line.startswith("#")]


def _yaml(path: str) -> Any:
    return yaml.safe_load((ROOT / "deploy/grafana/provisioning" / path).read_text("utf-8"))
