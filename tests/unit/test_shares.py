"""Who of several ingest processes subscribes to what, and what their gateways are told out of order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ingest.shares import client_ids, is_host, share_of, surplus_id
from ingest.sparkplug.topics import FILTERS, STATES
from ingest.topics import KINDS
from runtime.settings import Settings
from runtime.supervise import service_commands
from simulators.outbox import Outbox
from simulators.sender import Sender, Stats

if TYPE_CHECKING:
    from pathlib import Path

SHARED = "$share/ingest/city/v1/+/up/observations"
OBSERVATIONS = "city/v1/+/up/observations"
STATUS = "city/v1/+/up/status"


def of(processes: int, client_id: str = "ingest-0") -> Settings:
    return Settings(ingest_processes=processes, ingest_client_id=client_id)


def test_one_process_uses_plain_filters() -> None:
    assert client_ids(of(1)) == ["ingest-0"]
    share = share_of(of(1), "ingest-0")
    assert {OBSERVATIONS, STATUS} <= set(share.filters)
    assert set(FILTERS) <= set(share.filters)
    assert share.dropped == [SHARED]


def test_of_several_all_share_observations_and_the_first_has_the_rest() -> None:
    assert client_ids(of(3)) == ["ingest-0", "ingest-1", "ingest-2"]
    first, second = share_of(of(3), "ingest-0"), share_of(of(3), "ingest-1")
    assert {SHARED, STATUS, *FILTERS} <= set(first.filters)
    assert OBSERVATIONS in first.dropped
    assert second.filters == [SHARED]
    assert {OBSERVATIONS, STATUS, STATES, *FILTERS} <= set(second.dropped)


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("client_id", ["ingest-0", "ingest-1", "ingest-2"])
def test_what_is_not_subscribed_is_unsubscribed(processes: int, client_id: str) -> None:
    share = share_of(of(processes), client_id)
    assert not set(share.filters) & set(share.dropped)
    states = not is_host(of(processes), client_id)
    assert len(share.filters) + len(share.dropped) == len(KINDS) + 1 + len(FILTERS) + states


def test_the_name_of_the_share_follows_from_the_password() -> None:
    def shared(password: str) -> str:
        url = f"mqtt://halong:{password}@127.0.0.1"
        two = Settings(ingest_processes=2, mqtt_url=url)
        first, second = (share_of(two, client_id) for client_id in client_ids(two))
        assert SHARED in first.dropped
        assert SHARED in second.dropped
        (found,) = second.filters
        assert found in first.filters
        return found

    assert shared("a%2Fb") == shared("a%2fb") != shared("other")
    assert shared("other").startswith("$share/ingest-")


def test_without_a_host_id_sparkplug_is_left() -> None:
    share = share_of(Settings(sparkplug_host_id=""), "ingest-0")
    assert {STATES, *FILTERS} <= set(share.dropped)
    with pytest.raises(ValueError, match="sparkplug_host_id"):
        Settings(sparkplug_host_id="a/b")


def test_all_share_what_network_servers_publish() -> None:
    sources = {"lns-1": "application/#"}
    alone = Settings(lorawan_sources=sources)
    assert "application/#" in share_of(alone, "ingest-0").filters
    assert "$share/ingest/application/#" in share_of(alone, "ingest-0").dropped
    two = Settings(ingest_processes=2, lorawan_sources=sources)
    for client_id in client_ids(two):
        assert "$share/ingest/application/#" in share_of(two, client_id).filters
        assert "application/#" in share_of(two, client_id).dropped


def test_another_first_id_is_another_group() -> None:
    settings = of(2, "quang-ninh")
    assert client_ids(settings) == ["quang-ninh", "quang-ninh-1"]
    assert share_of(settings, "quang-ninh-1").filters == [f"$share/quang-ninh/{OBSERVATIONS}"]
    assert surplus_id(settings, 2) == "quang-ninh-2"


@pytest.mark.parametrize("client_id", ["", "a/b", "a+", "#", "a b"])
def test_an_id_that_is_no_part_of_a_topic_is_refused(client_id: str) -> None:
    with pytest.raises(ValueError, match="ingest_client_id"):
        of(1, client_id)


def test_supervised_processes_have_ports_of_their_own() -> None:
    services = service_commands(Settings(ingest_processes=2, metrics_port=9100))
    ports = {s.name: s.environment.get("HALONG_METRICS_PORT") for s in services}
    assert {name: port for name, port in ports.items() if name.startswith("ingest")} == {
        "ingest-0": "9100",
        "ingest-1": "9101",
    }
    assert next(s.name for s in service_commands(Settings())) == "ingest"


def test_an_older_answer_after_a_newer_one_is_harmless(tmp_path: Path) -> None:
    """Two processes answer: the one that saw less may be heard last."""
    sender = Sender(Outbox(tmp_path / "journal"), Stats())
    for number in range(1, 31):
        sender.put([number])
    sender.committed(20, [])
    sender.committed(10, [(11, 12)])
    assert sender.outbox.pending() == list(range(21, 31))
    assert sender.stats.committed == 20
    sender.outbox.close()
