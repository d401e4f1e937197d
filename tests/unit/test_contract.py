"""The JSON Schemas of the payloads say what the decoders do."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from devices.commands import Answer
from ingest import answers, status
from ingest.contract import NAMES, examples, schema
from ingest.feedback import committed_payload
from ingest.formats import native
from ingest.formats.readings import Problem
from ingest.rejected import MAX_OTHERS, rejected_payload, told_of
from ingest.resolve import Refusal
from ingest.rules import RULES
from ingest.sequence import MAX_GAPS, Committed
from tests.unit.test_docs import reasons

GOLDEN = sorted((Path(__file__).parents[1] / "testcases" / "native").glob("*/payload.*"))


def is_valid(name: str, payload: bytes | str) -> bool:
    """Whether a JSON parser by the book takes the payload, and then the schema."""
    try:
        document = json.loads(payload, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return False
    return Draft202012Validator(schema(name)).is_valid(document)


def _refuse(word: str) -> None:
    raise ValueError(word)


@pytest.mark.parametrize("name", NAMES)
def test_schemas_are_schemas_with_examples_that_they_allow(name: str) -> None:
    Draft202012Validator.check_schema(schema(name))
    assert schema(name)["examples"] == examples(name)
    assert all(is_valid(name, json.dumps(each)) for each in examples(name))


def test_no_such_payload() -> None:
    with pytest.raises(ValueError, match="give one of observations, status, committed, rejected"):
        schema("readings")


def test_examples_are_what_ingest_reads() -> None:
    assert all(native.decode(json.dumps(each).encode()).problems == [] for each in examples("observations"))
    assert not any(isinstance(status.decode(json.dumps(e).encode()), Problem) for e in examples("status"))


def test_what_halong_tells_is_in_form() -> None:
    gaps = tuple((2 * n, 2 * n) for n in range(2, 2 + MAX_GAPS))
    for committed in (Committed(0, ()), Committed(2, gaps)):
        assert is_valid("committed", committed_payload(committed))
    numbered, bare = (
        told_of(seq, Refusal("schema", "$.seq", "words"), datetime.now(UTC)) for seq in (4711, None)
    )
    for refusals in ([numbered], [bare], [bare] + [numbered] * MAX_OTHERS):
        assert is_valid("rejected", rejected_payload(refusals, 3, more=len(refusals) - 1))


def test_every_reason_has_a_rule() -> None:
    assert reasons() <= set(RULES)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.parent.name)
def test_golden_payloads_are_valid_if_ingest_finds_no_fault_with_their_form(path: Path) -> None:
    payload = path.read_bytes()
    assert is_valid("observations", payload) == (native.decode(payload).problems == [])


@pytest.mark.parametrize(
    "payload",
    [
        "", "{", "[]", "{}", '{"readings": {}}', '{"readings": [], "sequence": 1}',
        '{"readings": [], "seq": -1}',
        '{"readings": [], "seq": true}', '{"readings": [], "seq": 9223372036854775807}',
        '{"readings": [], "gateway": 1}', '{"readings": [7]}', '{"readings": [{"time": 1, "device": 7}]}',
        '{"readings": [{"a": 1}]}', '{"readings": [{"time": null}]}', '{"readings": [{"time": 1.5}]}',
        '{"readings": [{"time": "2026-11-22T08:15:00", "a": 1}]}',
        '{"readings": [{"time": "2026-11-22T24:15:00Z", "a": 1}]}',
        '{"readings": [{"time": "0000-11-22T08:15:00Z", "a": 1}]}',
        '{"readings": [{"time": "2026-11-22T08:15:61Z", "a": 1}]}',
        '{"readings": [{"time": "2026-11-22T08:15:00+24:00", "a": 1}]}',
        '{"readings": [{"time": 253402300800000, "a": 1}]}',
        '{"readings": [{"time": 1, "a": "1"}]}', '{"readings": [{"time": 1, "a": null}]}',
        '{"readings": [{"time": 1, "a": NaN}]}', '{"readings": [{"time": 1, "a": 1e999}]}',
        '{"readings": [{"time": 1, "a": {}}]}',
    ],
)  # fmt: skip
def test_what_ingest_refuses_for_its_form_is_not_valid(payload: str) -> None:
    assert native.decode(payload.encode()).problems
    assert not is_valid("observations", payload)


TIMES = (
    st.datetimes().map(lambda moment: moment.isoformat() + "Z")
    | st.datetimes().map(datetime.isoformat)
    | st.integers(-(10**16), 10**16)
    | st.sampled_from(
        ["2026-11-22T08:15:60.5+07:00", "2026-11-22 08:15:00z", "2026-11-22T08:15Z", None, True]
    )
)
VALUES = st.floats() | st.integers() | st.booleans() | st.none() | st.just("1") | st.just([])
DEVICES = st.sampled_from(["aq-017", None, 7])
READING = st.fixed_dictionaries(
    {}, optional={"time": TIMES, "device": DEVICES, "pm2_5": VALUES, "pm10": VALUES}
)
SEQS = st.integers(-5, 2**64) | st.none() | st.booleans() | st.just("1")
MESSAGES = st.fixed_dictionaries(
    {"readings": st.lists(READING | st.just(7), max_size=5)},
    optional={"seq": SEQS, "oldest": SEQS, "gateway": st.sampled_from(["gw", None, 1]), "site": st.just(1)},
)


CONFIGS = (
    st.fixed_dictionaries(
        {"version": st.integers(-1, 2**32) | st.just("7"), "hash": st.text(max_size=3) | st.none()},
        optional={"error": st.none() | st.text(max_size=3) | st.just(7)},
    )
    | st.none()
    | st.just({})
    | st.just("mine")
)


@given(MESSAGES)
def test_schema_and_decoder_agree(message: dict[str, Any]) -> None:
    payload = json.dumps(message)
    assert is_valid("observations", payload) == (native.decode(payload.encode()).problems == [])


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "online": st.booleans() | st.just(1),
            "firmware": st.sampled_from(["1.4.2", None, 2]),
            "started": TIMES,
            "uptime": st.integers(),
            "config": CONFIGS,
        },
    )
)
def test_schema_and_decoder_of_status_agree(message: dict[str, Any]) -> None:
    payload = json.dumps(message)
    told = status.decode(payload.encode())
    assert is_valid("status", payload) == (not isinstance(told, Problem) and told.problem is None)


@pytest.mark.parametrize("config", ['"mine"', '{"version": 7}', '{"version": 7.5, "hash": ""}', "[]"])
def test_a_configuration_of_another_form_does_not_hide_that_a_gateway_is_online(config: str) -> None:
    told = status.decode(f'{{"online": true, "config": {config}}}'.encode())
    assert isinstance(told, status.GatewayStatus)
    assert (told.online, told.config) == (True, None)
    assert told.problem is not None
    assert (told.problem.reason, told.problem.at) == ("schema", "$.config")


ANSWERS = st.fixed_dictionaries(
    {},
    optional={
        "id": st.uuids().map(str) | st.just("7") | st.none(),
        "state": st.sampled_from(["acknowledged", "done", "failed", "finished", None]),
        "detail": st.text(max_size=5) | st.just(7),
        "result": st.recursive(st.none() | st.integers() | st.text(max_size=3), st.lists, max_leaves=5),
        "more": st.integers(),
    },
)


@given(ANSWERS)
def test_schema_and_decoder_of_responses_agree(message: dict[str, Any]) -> None:
    payload = json.dumps(message)
    assert is_valid("response", payload) != isinstance(answers.decode(payload.encode()), Problem)


@given(st.binary(max_size=200) | st.text().map(str.encode))
def test_any_bytes_of_a_response_are_a_value_not_an_exception(payload: bytes) -> None:
    assert isinstance(answers.decode(payload), Answer | Problem)
