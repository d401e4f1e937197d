"""An edge node's session: births, numbers that wrap, gaps, deaths, and messages that come twice."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.formats import sparkplug
from ingest.formats.sparkplug import DataType, Metric, Payload
from ingest.sparkplug.birth import MAX_METRICS, Birth, Definition
from ingest.sparkplug.rebirth import FIRST_WAIT_S, MAX_WAIT_S, Rebirths
from ingest.sparkplug.session import Heard, Session, receive
from ingest.sparkplug.topics import FILTERS, SparkplugAddress, parse_sparkplug

if TYPE_CHECKING:
    from pathlib import Path

T0 = 1_795_335_360_000
DEVICES = {"aq", "gw"}
BORN = Metric("bdSeq", None, T0, DataType.INT64, 3)
TEMPERATURE = Metric("Weather/Temperature", 100, T0, DataType.DOUBLE, 21.5)
PM = Metric("pm2_5", 7, T0, DataType.INT16, 30)


def at(kind: str, device: str = "", *, group: str = "city") -> SparkplugAddress:
    return SparkplugAddress(group, kind, "gw", device)  # type: ignore[arg-type]


def hear(
    session: Session | None,
    address: SparkplugAddress,
    *metrics: Metric,
    seq: int | None = None,
    **options: Any,
) -> Heard:
    payload = Payload(options.get("timestamp", T0), seq, metrics)
    duplicate = options.get("duplicate", False)
    return receive(session, address, payload, devices=DEVICES, duplicate=duplicate)


def alive(seq: int = 0) -> Session:
    """A session after NBIRTH and DBIRTH of `aq`."""
    session = hear(None, at("NBIRTH"), BORN, TEMPERATURE, seq=0).session
    session = hear(session, at("DBIRTH", "aq"), PM, seq=1).session
    assert session
    return replace(session, seq=seq)


def values(heard: Heard) -> list[tuple[str | None, str, float]]:
    r = heard.readings
    return [*zip(r.devices, r.properties, r.values, strict=True)]


def reasons(heard: Heard) -> list[str]:
    return [p.reason for p in heard.readings.problems]


def test_a_birth_brings_names_and_values() -> None:
    heard = hear(
        None, at("NBIRTH"), BORN, Metric("Node Control/Rebirth", None, T0, 11, False), TEMPERATURE, seq=0
    )
    assert values(heard) == [(None, "temperature", 21.5)]
    assert heard.readings.times == [T0 * 1000]
    assert heard.readings.path(0) == "$.metrics[2]"
    assert (heard.online, heard.needs_birth, reasons(heard)) == (True, False, [])
    assert heard.session
    assert (heard.session.bd_seq, heard.session.seq, heard.session.online) == (3, 0, True)


def test_data_by_alias_and_by_name() -> None:
    by_alias = hear(alive(1), at("DDATA", "aq"), Metric(None, 7, T0 + 5, None, 0xFFFB), seq=2)
    assert values(by_alias) == [("aq", "pm2_5", -5.0)]  # signed as the birth says
    assert by_alias.readings.times == [(T0 + 5) * 1000]
    by_name = hear(alive(1), at("NDATA"), Metric("Weather/Temperature", None, None, None, 22.5), seq=2)
    assert values(by_name) == [(None, "temperature", 22.5)]
    assert by_name.readings.times == [T0 * 1000]  # the payload's
    assert not by_alias.needs_birth
    assert not by_name.needs_birth


def test_the_number_wraps_at_255() -> None:
    heard = hear(alive(255), at("NDATA"), seq=0)
    assert not heard.needs_birth
    assert heard.session
    assert heard.session.seq == 0
    assert hear(alive(254), at("NDATA"), seq=0).needs_birth


@pytest.mark.parametrize("seq", [1, 3, 250, 256, 2**64 - 1])
def test_a_gap_asks_for_a_rebirth_until_it_comes_and_keeps_the_values(seq: int) -> None:
    heard = hear(alive(1), at("NDATA"), Metric(None, 100, T0, None, 27.0), seq=seq)
    assert values(heard) == [(None, "temperature", 27.0)]
    assert heard.needs_birth
    after = hear(heard.session, at("NDATA"), Metric(None, 100, T0, None, 28.0), seq=(seq + 1) % 256)
    assert after.needs_birth
    reborn = hear(after.session, at("NBIRTH"), BORN, TEMPERATURE, seq=9)
    assert not hear(reborn.session, at("NDATA"), seq=10).needs_birth


def test_a_rebirth_forgets_devices_until_they_are_born_again() -> None:
    reborn = hear(alive(1), at("NBIRTH"), BORN, TEMPERATURE, seq=0).session
    early = hear(reborn, at("DDATA", "aq"), Metric(None, 7, T0, None, 1), seq=1)
    assert (values(early), reasons(early), early.needs_birth) == ([], ["no_birth"], True)


def test_data_before_a_birth_is_read_where_it_says_name_and_type() -> None:
    heard = hear(
        None,
        at("NDATA"),
        Metric("pm10", None, T0, DataType.FLOAT, 4.0),
        Metric(None, 9, T0, None, 5.0),
        seq=7,
    )
    assert values(heard) == [(None, "pm10", 4.0)]
    assert (reasons(heard), heard.needs_birth, heard.session) == (["no_birth"], True, None)
    unsigned = hear(None, at("NDATA"), Metric("pm10", None, T0, None, 5), seq=7)
    assert (values(unsigned), reasons(unsigned)) == ([], ["no_birth"])


def test_an_unknown_alias_asks_for_a_rebirth() -> None:
    heard = hear(
        alive(1), at("NDATA"), Metric(None, 7, T0, None, 1.0), Metric(None, 100, T0, None, 1.0), seq=2
    )
    assert (values(heard), reasons(heard)) == ([(None, "temperature", 1.0)], ["no_birth"])
    assert heard.needs_birth
    assert heard.readings.problems[0].at == "$.metrics[0]"


def test_a_metric_that_was_not_born_is_kept_and_asks_for_a_rebirth() -> None:
    heard = hear(alive(1), at("NDATA"), Metric("humidity", None, T0, DataType.UINT8, 80), seq=2)
    assert (values(heard), heard.needs_birth) == ([(None, "humidity", 80.0)], True)


def test_a_death_counts_if_it_is_this_session_s() -> None:
    other = hear(alive(1), at("NDEATH"), BORN._replace(value=2))
    assert (other.online, other.session) == (None, alive(1))
    assert hear(alive(1), at("NDEATH", group="elsewhere"), BORN).online is None
    death = hear(alive(1), at("NDEATH"), BORN)
    assert death.online is False
    assert death.session
    assert not death.session.online
    data = hear(death.session, at("NDATA"), Metric(None, 100, T0, None, 1.0), seq=2)
    assert (values(data), data.needs_birth, data.session) == ([], True, death.session)


def test_a_device_s_death_takes_its_names() -> None:
    dead = hear(alive(1), at("DDEATH", "aq"), seq=2)
    assert not dead.needs_birth
    data = hear(dead.session, at("DDATA", "aq"), Metric(None, 7, T0, None, 1), seq=3)
    assert (reasons(data), data.needs_birth) == (["no_birth"], True)


def test_another_group_is_another_edge_node() -> None:
    heard = hear(alive(1), at("NDATA", group="elsewhere"), Metric(None, 100, T0, None, 1.0), seq=2)
    assert (values(heard), heard.needs_birth) == ([], True)


def test_a_device_that_is_not_registered_leaves_nothing() -> None:
    born = hear(alive(1), at("DBIRTH", "stranger"), PM, seq=2)
    assert (values(born), reasons(born), born.needs_birth) == ([], ["unknown_device"], False)
    assert born.session
    assert "stranger" not in born.session.births
    data = hear(born.session, at("DDATA", "stranger"), PM, PM, seq=3)
    assert (data.readings.problems[0].count, data.needs_birth) == (2, False)


@pytest.mark.parametrize(
    ("metric", "reason", "place"),
    [
        (Metric("a", None, T0, DataType.STRING, "x"), "value_not_finite", "$.metrics[0]"),
        (Metric("a", None, T0, 16, b""), "value_not_finite", "$.metrics[0]"),
        (Metric("a", None, T0, DataType.DOUBLE, float("nan")), "value_not_finite", "$.metrics[0]"),
        (Metric("a", None, T0, DataType.DOUBLE), "value_not_finite", "$.metrics[0]"),
        (Metric("a", None, 2**64 - 1, DataType.DOUBLE, 1.0), "time_invalid", "$.metrics[0].timestamp"),
    ],
)
def test_what_is_no_observation_is_refused(metric: Metric, reason: str, place: str) -> None:
    heard = hear(None, at("NBIRTH"), metric, BORN, seq=0)
    assert [(p.reason, p.at) for p in heard.readings.problems] == [(reason, place)]
    assert values(heard) == []


def test_a_value_without_any_time_is_refused() -> None:
    heard = hear(None, at("NBIRTH"), PM._replace(timestamp=None), BORN, seq=0, timestamp=None)
    assert reasons(heard) == ["time_missing"]


def test_null_and_transient_are_no_observations_and_history_is() -> None:
    heard = hear(
        alive(1),
        at("NDATA"),
        Metric(None, 100, T0, None, None, is_null=True),
        Metric(None, 100, T0, None, 1.0, is_transient=True),
        Metric(None, 100, T0 - 60_000, None, 2.0, is_historical=True),
        seq=2,
    )
    assert (values(heard), reasons(heard)) == ([(None, "temperature", 2.0)], [])
    assert heard.readings.times == [(T0 - 60_000) * 1000]


def test_two_names_with_one_ending_are_not_stored_as_one() -> None:
    heard = hear(
        None, at("NBIRTH"), BORN, TEMPERATURE, TEMPERATURE._replace(name="Cabinet/Temperature", alias=101)
    )
    assert [p for _, p, _ in values(heard)] == ["temperature", "Cabinet/Temperature"]


def test_births_that_cannot_be_used_are_told() -> None:
    nameless = hear(None, at("NBIRTH"), BORN, PM._replace(name=None), seq=0)
    assert sorted(reasons(nameless)) == ["no_birth", "schema"]
    twice = hear(None, at("NBIRTH"), BORN, PM, PM._replace(name="pm10"), seq=0)
    assert reasons(twice) == ["schema"]
    assert hear(twice.session, at("NDATA"), Metric(None, 7, T0, None, 1), seq=1).needs_birth
    assert reasons(hear(None, at("NBIRTH"), PM, seq=0)) == ["schema"]
    many = [Metric(f"m{i}", i, T0, DataType.INT8, 1) for i in range(MAX_METRICS + 1)]
    huge = hear(None, at("NBIRTH"), BORN, *many, seq=0)
    assert reasons(huge) == ["schema"]
    assert huge.session
    assert len(huge.session.births[""].definitions) == MAX_METRICS


def test_what_comes_again_changes_nothing() -> None:
    session = alive(9)
    again = hear(session, at("NDATA"), Metric(None, 100, T0 + 1, None, 1.0), seq=8, duplicate=True)
    assert (again.session, again.needs_birth, values(again)) == (session, False, [(None, "temperature", 1.0)])
    before_birth = hear(
        session, at("NDATA"), Metric(None, 100, T0 - 9, None, 1.0), seq=250, duplicate=True, timestamp=T0 - 9
    )
    assert (before_birth.session, values(before_birth)) == (session, [])
    birth = hear(session, at("NBIRTH"), BORN, TEMPERATURE, seq=0, duplicate=True)
    assert (birth.session, birth.online) == (session, None)
    device = hear(session, at("DBIRTH", "aq"), PM, seq=1, duplicate=True)
    assert (device.session, values(device)) == (session, [("aq", "pm2_5", 30.0)])


def conversation(count: int) -> list[tuple[SparkplugAddress, Payload]]:
    """A birth, a device's birth and data, `count` messages in all."""
    messages = [(at("NBIRTH"), (BORN, TEMPERATURE)), (at("DBIRTH", "aq"), (PM,))]
    for n in range(count):
        data = (at("DDATA", "aq"), (Metric(None, 7, T0 + n, None, n % 100),))
        messages.append(data if n % 2 else (at("NDATA"), (Metric(None, 100, T0 + n, None, float(n)),)))
    return [(a, Payload(T0 + n, n % 256, m)) for n, (a, m) in enumerate(messages[:count])]


def run(
    messages: list[tuple[SparkplugAddress, Payload]], session: Session | None = None, *, duplicates: int = 0
) -> list[Heard]:
    heard = []
    for place, (address, payload) in enumerate(messages):
        heard.append(receive(session, address, payload, devices=DEVICES, duplicate=place < duplicates))
        session = heard[-1].session
    return heard


@given(st.integers(2, 600))
def test_a_whole_conversation_needs_no_rebirth(count: int) -> None:
    heard = run(conversation(count))
    assert not any(each.needs_birth or each.readings.problems for each in heard)
    assert sum(len(each.readings.values) for each in heard) == count


@given(st.integers(3, 300), st.data())
def test_any_one_lost_message_is_noticed_at_the_next(count: int, data: st.DataObject) -> None:
    messages = conversation(count)
    lost = data.draw(st.integers(0, count - 2))
    heard = run(messages[:lost] + messages[lost + 1 :])
    assert [each.needs_birth for each in heard] == [n >= lost for n in range(count - 1)]


@given(st.integers(2, 300), st.data())
def test_what_was_committed_and_not_acknowledged_is_no_gap(count: int, data: st.DataObject) -> None:
    """A crash: the state is as committed, and the broker sends again what was not acknowledged."""
    messages = conversation(count)
    committed = data.draw(st.integers(1, count))
    first_again = data.draw(st.integers(max(0, committed - 128), committed))
    state = run(messages[:committed])[-1].session
    heard = run(messages[first_again:], state, duplicates=count)
    assert not any(each.needs_birth for each in heard)
    assert heard[-1].session == run(messages)[-1].session if heard else True


@given(
    st.binary(max_size=60),
    st.sampled_from(["NBIRTH", "NDEATH", "NDATA", "DBIRTH", "DDEATH", "DDATA"]),
    st.booleans(),
)
def test_no_bytes_raise(raw: bytes, kind: str, duplicate: bool) -> None:
    payload = sparkplug.decode(b"\x12" + bytes([len(raw)]) + raw)
    if isinstance(payload, Payload):
        for session in (None, alive(4)):
            found = receive(
                session,
                at(kind, "aq" if kind[0] == "D" else ""),
                payload,
                devices=DEVICES,
                duplicate=duplicate,
            )
            assert found.session is None or 0 <= found.session.seq <= 255


@pytest.mark.parametrize(
    ("topic", "address"),
    [
        ("spBv1.0/City 1/NDATA/gw", SparkplugAddress("City 1", "NDATA", "gw", "")),
        ("spBv1.0/g/DBIRTH/gw/aq", SparkplugAddress("g", "DBIRTH", "gw", "aq")),
        ("spBv1.0/g/NDATA/Edge Node", None),
        ("spBv1.0/g/NDATA/gw/aq", None),
        ("spBv1.0/g/DDATA/gw", None),
        ("spBv1.0/g/DDATA/gw/", None),
        ("spBv1.0/g/NCMD/gw", None),
        ("spBv1.0/STATE/halong", None),
        ("spAv1.0/g/NDATA/gw", None),
    ],
)
def test_topics(topic: str, address: SparkplugAddress | None) -> None:
    assert parse_sparkplug(topic) == address
    assert len(FILTERS) == 6


def test_requests_are_rare_and_rarer_where_they_do_not_help() -> None:
    rebirths = Rebirths()
    asked = [s for s in range(10_000) if rebirths.may_ask("gw", float(s))]
    waits = [after - before for before, after in pairwise(asked)]
    assert waits[:3] == [FIRST_WAIT_S, 2 * FIRST_WAIT_S, 4 * FIRST_WAIT_S]
    assert max(waits) == MAX_WAIT_S
    assert rebirths.may_ask("other", 0.0)
    assert rebirths.may_ask("gw", 20_000.0)
    assert rebirths.may_ask("gw", 20_000.0 + FIRST_WAIT_S)


def test_a_session_of_another_project(shared: Path) -> None:
    """NBIRTH, one NDATA, and one after a gap."""
    session, folder, heard = None, shared / "cases" / "sparkplug", []
    for name in ("NBIRTH_V1", "NDATA_V1", "NDATA_GAP"):
        payload = sparkplug.decode((folder / f"{name}.bin").read_bytes())
        assert isinstance(payload, Payload)
        heard.append(receive(session, at(name.partition("_")[0]), payload, devices=DEVICES, duplicate=False))
        session = heard[-1].session
    assert [v for each in heard for _, _, v in values(each)] == [21.5, 22.5, 27.0]
    assert {p for each in heard for _, p, _ in values(each)} == {"temperature"}
    assert [each.needs_birth for each in heard] == [False, False, True]
    assert session
    assert session.births[""] == Birth(
        (
            Definition("bdSeq", 1, 8),
            Definition("Node Control/Rebirth", 2, 11),
            Definition("Temperature", 100, 10),
        )
    )
