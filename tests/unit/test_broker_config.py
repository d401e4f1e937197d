from __future__ import annotations

import re
from pathlib import Path

import pytest

from runtime.local.mosquitto_files import TlsPorts, acl_text, broker_config
from runtime.settings import Settings


def config(**changes: object) -> list[str]:
    settings = {"gateway_port": 1883, "platform_port": 1884, **changes}
    return broker_config(Path("/srv/broker"), **settings).splitlines()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "line",
    [
        "allow_anonymous false",
        "set_tcp_nodelay true",
        "max_inflight_messages 2000",
        "max_queued_messages 100000000",
        "max_queued_bytes 1073741824",
        "max_packet_size 1048576",
        "persistent_client_expiration 14d",
        "persistence true",
        "autosave_interval 1",
        "password_file /srv/broker/passwords",
        "acl_file /srv/broker/acl",
    ],
)
def test_a_measured_setting_is_there(line: str) -> None:
    assert config().count(line) == 1


def test_only_gateways_have_their_user_name_as_client_id() -> None:
    lines = config()
    gateways, platform = lines.index("listener 1883 127.0.0.1"), lines.index("listener 1884 127.0.0.1")
    assert gateways < lines.index("use_username_as_clientid true") < platform


def test_security_holds_for_every_listener() -> None:
    lines = config()
    assert "per_listener_settings false" in lines
    assert lines.index("allow_anonymous false") < lines.index("listener 1883 127.0.0.1")


def test_gateways_may_be_let_in_from_outside_and_the_platform_stays_on_loopback() -> None:
    lines = config(gateway_host="192.0.2.7")
    assert [line for line in lines if line.startswith("listener")] == [
        "listener 1883 192.0.2.7",
        "listener 1884 127.0.0.1",
    ]


def test_gateways_speak_tls_where_it_is_set_and_nothing_else() -> None:
    text = "\n".join(config(gateway_port=None, tls=TlsPorts(8883, 8884), gateway_host="192.0.2.7"))
    _, by_password, by_certificate, platform = re.split("^listener ", text, flags=re.MULTILINE)
    assert [part.split()[:2] for part in (by_password, by_certificate, platform)] == [
        ["8883", "192.0.2.7"],
        ["8884", "192.0.2.7"],
        ["1884", "127.0.0.1"],
    ]
    for part in (by_password, by_certificate):
        assert {"use_username_as_clientid true", "certfile /srv/broker/server.pem"} <= set(part.splitlines())
    asked = {"require_certificate true", "use_identity_as_username true", "crlfile /srv/broker/crl.pem"}
    assert asked <= set(by_certificate.splitlines())
    assert not asked & set(by_password.splitlines())


def test_without_sparkplug_nobody_has_its_topics() -> None:
    assert "spBv1.0" not in acl_text(sparkplug=False)


def test_who_is_shut_out_has_a_line_that_denies_all() -> None:
    assert "\nuser gw-9\ntopic deny #\n" in acl_text(shut_out=["gw-9"])


@pytest.mark.parametrize(("flag", "word"), [(True, "true"), (False, "false")])
def test_the_store_is_saved_at_changes_or_at_seconds(flag: bool, word: str) -> None:
    assert f"autosave_on_changes {word}" in config(autosave_on_changes=flag)


def test_a_gateway_has_its_own_topics_and_the_platform_all() -> None:
    patterns, others = acl_text().split("user alerts\n")
    reader, others = others.split("user browsers\n")
    browsers, platform = others.split("user halong\n")
    assert patterns.split("\n")[:4] == [
        "pattern write city/v1/%u/up/observations",
        "pattern write city/v1/%u/up/status",
        "pattern write city/v1/%u/up/response",
        "pattern read city/v1/%u/down/#",
    ]
    assert set(patterns.split("\n")[4:]) == {
        *(f"pattern write spBv1.0/+/{kind}/%u" for kind in ("NBIRTH", "NDEATH", "NDATA")),
        *(f"pattern write spBv1.0/+/{kind}/%u/+" for kind in ("DBIRTH", "DDEATH", "DDATA")),
        "pattern read spBv1.0/+/NCMD/%u",
        "pattern read spBv1.0/+/DCMD/%u/+",
        "pattern read spBv1.0/STATE/+",
        "",
    }
    assert reader.split() == ["topic", "read", "city/v1/alerts/#"]
    heard, denied = browsers.strip().split("\n")[:2], browsers.strip().split("\n")[2:]
    assert heard == ["topic read city/v1/+/up/observations", "topic read city/v1/+/up/status"]
    assert {line.replace("browsers", "%u").replace("topic deny ", "") for line in denied} == {
        line.split(" ", 2)[2] for line in patterns.split("\n") if "%u" in line
    }
    assert platform.splitlines() == ["topic readwrite #", "topic read $SYS/#"]


def test_the_topic_root_is_a_setting() -> None:
    assert "pattern write town/%u/up/status\n" in acl_text("town")


def test_a_network_server_also_writes_its_own_topics() -> None:
    lines = acl_text(sources={"lns-1": "application/#", "lns-2": "v3/+/devices/#"}).splitlines()
    assert lines[lines.index("user lns-1") + 1] == "topic write application/#"
    assert lines[lines.index("user lns-2") + 1] == "topic write v3/+/devices/#"
    assert lines.index("user lns-2") < lines.index("user halong") < lines.index("topic readwrite #")


def test_no_unlimited_count_of_queued_messages() -> None:
    # Mosquitto up to 2.0.21 disconnects a client after each denied PUBLISH when it is 0 (its issue 3244).
    assert "max_queued_messages 0" not in config()


def test_the_alarm_knows_the_limit() -> None:
    assert f"max_queued_bytes {Settings().broker_queue_bytes}" in config()
