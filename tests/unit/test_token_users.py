from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs

from devices.broker_identities import BrokerIdentities
from devices.credentials import password_hash
from devices.mqtt_tokens import LONGEST, topics
from devices.token_users import overdue, role_name
from runtime.broker_files import BrokerFiles
from runtime.broker_follow import written
from runtime.browser_files import BrowserFiles
from runtime.dynamic_security import hash_in, new_role, users_text
from runtime.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

AT = datetime(2026, 11, 22, 1, 59, 59, tzinfo=UTC)
TOPICS = topics("city/v1", ["gw-1", "gw-2"])


def test_topics_are_observations_and_status_of_each_gateway_or_of_every_one() -> None:
    assert [f"city/v1/gw-{n}/up/{kind}" for n in (1, 2) for kind in ("observations", "status")] == TOPICS
    assert topics("city/v1", None) == ["city/v1/+/up/observations", "city/v1/+/up/status"]


def test_tokens_for_the_same_gateways_share_a_role_for_an_hour() -> None:
    assert role_name(TOPICS, AT) == role_name(TOPICS, AT - timedelta(minutes=59))
    assert role_name(TOPICS, AT) != role_name(TOPICS, AT + timedelta(seconds=1))
    assert role_name(TOPICS, AT) != role_name(TOPICS[:2], AT)


@pytest.mark.parametrize("minutes", range(0, 60, 7))
def test_a_role_outlives_every_token_that_has_it(minutes: int) -> None:
    made = AT + timedelta(minutes=minutes)
    role = role_name(TOPICS, made)
    assert overdue([], [role], {}, made + LONGEST) == []
    later = made + 2 * LONGEST
    assert overdue([], [role], {}, later) == [{"command": "deleteRole", "rolename": role}]


def test_users_are_removed_that_the_database_does_not_have_and_no_others() -> None:
    found = overdue(["halong", "browser-1", "browser-2"], ["control"], {"browser-2"}, AT)
    assert found == [{"command": "deleteClient", "username": "browser-1"}]


def test_a_role_allows_to_subscribe_and_nothing_else() -> None:
    rules = new_role("x", [TOPICS[0], "city/v1/+/up/status"])["acls"]
    assert [(rule["acltype"], rule["topic"], rule["allow"]) for rule in rules] == [
        ("subscribeLiteral", TOPICS[0], True),
        ("subscribePattern", "city/v1/+/up/status", True),
    ]


def test_the_file_of_users_has_one_and_denies_the_others_everything() -> None:
    hashed = password_hash("secret")
    text = users_text("halong", hashed)
    assert hash_in(text) == hashed
    assert "secret" not in text
    access = json.loads(text)["defaultACLAccess"]
    assert (access["publishClientSend"], access["subscribe"]) == (False, False)


def test_a_broken_certificate_for_browsers_keeps_no_gateway_out(tmp_path: Path) -> None:
    settings = Settings.model_validate(
        {
            "mqtt_url": "mqtt://halong:secret@h",
            "browser_broker_url": "mqtt://halong:secret@h:1885",
            "browser_cert_file": tmp_path / "none.pem",
            "browser_key_file": tmp_path / "none.key",
            "ca_dir": tmp_path / "ca",
        }
    )
    apply = written(BrokerFiles(settings, tmp_path / "a"), BrowserFiles(settings, tmp_path / "b"))
    with capture_logs() as logs:
        apply(BrokerIdentities({"gw-1": password_hash("x")}, {}))
    assert "gw-1:" in (tmp_path / "a" / "passwords").read_text()
    assert [each["action"] for each in logs] == ["identities_written", "browser_files_failed"]


@pytest.mark.parametrize("name", ["cert", "key"])
def test_a_certificate_comes_with_its_key(name: str) -> None:
    with pytest.raises(ValidationError, match="set both, or neither"):
        Settings.model_validate({f"browser_{name}_file": "x.pem"})
