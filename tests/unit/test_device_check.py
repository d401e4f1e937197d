"""`halong device check`: what becomes of a payload, and how it should be."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from typer.testing import CliRunner

from devices import profiles
from devices.catalog import Catalog, KnownGateway, Stream
from devices.offline import catalog_of
from ingest.check import Checker
from ingest.contract import schema
from ingest.formats.format import formats
from ingest.mend import Mended, mend
from ingest.mqtt import Delivery
from ingest.resolve import TimeLimits
from ingest.understand import understand
from runtime.cli import app
from runtime.device_check import CheckError
from runtime.settings import Settings
from simulators.by_hand import limits_of, reading
from simulators.city import populate
from simulators.refusals import KINDS, is_of, spoilt, spoilt_payload
from simulators.signals import Signals

NOW = datetime(2026, 11, 22, 8, 20, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
LIMITS = TimeLimits((NOW_MS - 10**11) * 1000, (NOW_MS + 300_000) * 1000)
PM = Stream(1, 0.0, 1000.0, "ug/m3")
CATALOG = Catalog(
    {
        "gw": KnownGateway(
            7, True, {"aq-1": True}, {("aq-1", "pm2_5"): PM, ("aq-1", "pm10"): PM._replace(id=2)}
        )
    },
    frozenset(["pm2_5", "pm10", "rainfall"]),
)
CHECKER = Checker(CATALOG, "city/v1", LIMITS)
FORM_ONLY = Checker(None, "city/v1", LIMITS)


def message(payload: Any, content_type: str | None = None, kind: str = "observations") -> Delivery:
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return Delivery(f"city/v1/gw/up/{kind}", raw, content_type, False, False, None, 0)


def mended(payload: Any, checker: Checker = CHECKER) -> list[Mended]:
    sent = message(payload)
    return mend(sent, checker.check(sent), checker, ZoneInfo("Asia/Ho_Chi_Minh"), NOW)


GOOD = {"device": "aq-1", "time": NOW_MS, "pm2_5": 31.2}


def test_each_value_with_its_fate() -> None:
    found = CHECKER.check(message({"seq": 5, "readings": [GOOD, GOOD | {"pm2_5": 2000, "rainfall": 1}]}))
    assert [(e.property, e.value, e.unit, e.fate) for e in found.readings] == [
        ("pm2_5", 31.2, "ug/m3", "stored"),
        ("pm2_5", 2000.0, "ug/m3", "stored as suspect"),
        ("rainfall", 1.0, "", "unknown_property"),
    ]
    assert [(e.reason, e.at, e.stored) for e in found.findings] == [
        ("value_out_of_range", "$.readings[1].pm2_5", True),
        ("unknown_property", "$.readings[1].rainfall", False),
    ]
    assert (found.seq, found.format) == (5, "native")


def test_without_a_registry_the_form_alone_counts() -> None:
    found = FORM_ONLY.check(message({"readings": [GOOD | {"nonsense": 1e9}]}))
    assert {each.fate for each in found.readings} == {"in form"}
    assert found.findings == ()


@pytest.mark.parametrize("pack", [json.dumps, cbor2.dumps])
def test_senml_is_read_with_its_unit(pack: Any) -> None:
    labels = (
        {"n": "n", "v": "v", "u": "u", "t": "t"} if pack is json.dumps else {"n": 0, "u": 1, "v": 2, "t": 6}
    )
    record = {"n": "aq-1/pm2_5", "v": 31200, "u": "ng/m3", "t": NOW_MS // 1000}
    raw = pack([{labels[name]: value for name, value in record.items()}])
    sent = message(raw if isinstance(raw, bytes) else raw.encode())
    assert FORM_ONLY.check(sent).findings == ()
    (value,) = FORM_ONLY.check(sent).readings
    assert (value.value, value.unit) == (31200, "ng/m3")


def test_status() -> None:
    good = CHECKER.check(message({"online": True, "firmware": "1.4.2"}, kind="status"))
    assert (good.findings, good.status and good.status.firmware) == ((), "1.4.2")
    (finding,) = CHECKER.check(message({"online": "yes"}, kind="status")).findings
    assert finding.reason == "schema"


@given(
    st.lists(
        st.fixed_dictionaries(
            {"time": st.sampled_from([NOW_MS, NOW_MS // 1000, "2026-11-22T08:15:00", None, 10**15])},
            optional={
                "device": st.sampled_from(["aq-1", "AQ1", 7]),
                "pm2_5": st.sampled_from([31.2, -5, "31,2", None]),
                "pm25": st.just(1),
            },
        ),
        max_size=5,
    )
)
def test_it_never_disagrees_with_ingest(readings: list[dict[str, Any]]) -> None:
    sent = message({"readings": readings})
    entry, found = understand(sent, CATALOG, "city/v1", LIMITS), CHECKER.check(sent)
    counts: dict[str, int] = {}
    for each in found.findings:
        counts[each.reason] = counts.get(each.reason, 0) + each.count
    assert counts == {reason: each.count for reason, each in entry.resolved.refusals.items()}
    kept = [each.value for each in found.readings if each.fate.startswith("stored")]
    assert kept == entry.resolved.observations["value"].tolist()
    for part in mend(sent, found, CHECKER, UTC, NOW):
        assert part.how or not part.text


@pytest.mark.parametrize(
    ("given", "right"),
    [
        (GOOD | {"pm2_5": "31.2"}, GOOD),
        (GOOD | {"pm2_5": "31,2"}, GOOD),
        (GOOD | {"pm10": None}, GOOD),
        ({"device": "aq-1", "time": NOW_MS, "pm25": 31.2}, GOOD),
        ({"device": "AQ1", "time": NOW_MS, "PM2.5": "31.2"}, GOOD),
        ({"time": NOW_MS, "pm2_5": 31.2}, GOOD),
        (GOOD | {"time": NOW_MS // 1000}, GOOD),
        (GOOD | {"time": NOW_MS * 1000}, GOOD),
        (GOOD | {"time": NOW_MS * 1_000_000}, GOOD),
        (GOOD | {"time": str(NOW_MS)}, GOOD),
        (GOOD | {"time": NOW_MS / 1000}, GOOD),
        (GOOD | {"time": "2026-11-22T15:20:00"}, GOOD | {"time": "2026-11-22T15:20:00+07:00"}),
        (GOOD | {"time": "2026-11-22T08:20:00"}, GOOD | {"time": "2026-11-22T08:20:00Z"}),
        (GOOD | {"time": "2026/11/22 08:20:00Z"}, GOOD | {"time": "2026-11-22T08:20:00Z"}),
        # the local time, sent as UTC
        (GOOD | {"time": "2026-11-22T15:20:00Z"}, GOOD | {"time": "2026-11-22T15:20:00+07:00"}),
        ({"device": "aq-1", "pm2_5": 31.2}, GOOD | {"time": "2026-11-22T08:20:00Z"}),
    ],
)
def test_a_reading_is_mended_where_what_was_meant_is_evident(
    given: dict[str, Any], right: dict[str, Any]
) -> None:
    (part,) = mended({"readings": [GOOD, given]})
    assert (part.at, part.left) == ("$.readings[1]", ())
    assert json.loads(part.text) == right
    assert CHECKER.check(message({"readings": [json.loads(part.text)]})).findings == ()


def test_what_is_not_evident_is_left_alone() -> None:
    (part,) = mended({"readings": [GOOD | {"pm2_5": 31200}]})
    assert part.text == ""
    assert [(each.reason, each.at) for each in part.left] == [("value_out_of_range", "$.readings[0].pm2_5")]
    (part,) = mended({"readings": [GOOD | {"time": "yesterday"}]})
    assert part.text == ""


@pytest.mark.parametrize(
    "payload",
    [
        {"values": [GOOD]},
        {"readings": [GOOD], "site": "roof"},
        {"readings": [GOOD], "gateway": "another"},
        {"readings": [GOOD], "seq": "5"},
        GOOD,
        [GOOD],
        GOOD | {"time": NOW_MS // 1000, "seq": 5},
        b'{"readings": [{"device": "aq-1", "time": %d, "pm2_5": 31.2,},]}' % NOW_MS,
        b"{'readings': [{'device': 'aq-1', 'time': %d, 'pm2_5': 31.2}]}" % NOW_MS,
    ],
)
def test_a_payload_is_mended_as_a_whole(payload: Any) -> None:
    part = mended(payload)[0]
    assert part.at == "$"
    assert CHECKER.check(message(json.loads(part.text))).findings == ()
    assert json.loads(part.text)["readings"] == [GOOD]


@pytest.mark.parametrize(
    "payload",
    [
        b"", b"{", b"\xff\xfe", b"[[[[", b"17", b'"text"', b"[" * 100_000,
        b'{"readings": [], "readings[0]": 1}', b'{"readings": [{"time": 1' + b"0" * 400 + b"}]}",
        b'{"readings": [7, {"time": "x", "\\ud800": "x", "' + b"a" * 400 + b'": "x"}]}',
    ],
)  # fmt: skip
def test_what_cannot_be_mended_is_no_exception(payload: bytes) -> None:
    assert all(not part.text or part.left for part in mended(payload))


CITY = populate(profiles.load("quang_ninh"))
(TOUR,) = (each for each in CITY.gateways if each.code == "tour")


FORMS = ("native", "senml-json", "senml-cbor")


@pytest.mark.parametrize(
    ("form", "kind"),
    [(form, kind) for form in FORMS for kind in (None, *KINDS) if kind is None or is_of(kind, form)],
)
def test_the_simulated_payload_is_refused_for_the_reason_it_was_made_for(form: str, kind: str | None) -> None:
    known = next(each for each in formats().values() if each.name == form)
    assert known.encode
    readings = [reading(thing, Signals(CITY), limits_of(CITY)) for thing in TOUR.things]
    payload = known.encode(spoilt(readings, kind or ""), seq=1, oldest=None)
    raw = spoilt_payload(payload, kind or "")
    present = int(datetime.now(UTC).timestamp() * 1e6)
    limits = TimeLimits(present - 86_400_000_000 * 365, present + 300_000_000)
    sent = replace(message(raw, min(known.content_types)), topic="city/v1/tour/up/observations")
    found = Checker(catalog_of(CITY), "city/v1", limits).check(sent)
    assert {each.reason for each in found.findings} == ({kind} if kind else set())


def halong(
    *arguments: str, stdin: bytes | None = None, **environment: str
) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "runtime.cli", "device", *arguments]
    given = {"input": stdin} if stdin is not None else {"stdin": subprocess.DEVNULL}
    return subprocess.run(
        command, env={"COLUMNS": "80"} | environment, capture_output=True, check=False, timeout=60, **given
    )  # type: ignore[call-overload, no-any-return]


def present(**values: Any) -> bytes:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return json.dumps({"readings": [{"device": "tour-air", "time": now} | values]}).encode()


def test_a_file_that_is_well(tmp_path: Path) -> None:
    file = tmp_path / "payload.json"
    file.write_bytes(present(pm2_5=31.2))
    done = halong("check", str(file), "--profile", "quang_ninh")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"pm2_5  31.2 ug/m3  stored" in done.stdout


def test_standard_input_that_is_not() -> None:
    done = halong("check", "--profile", "quang_ninh", stdin=present(pm25=31.2))
    text = done.stdout.decode()
    assert done.returncode == 1
    assert "$.readings[0].pm25  unknown_property (not stored)" in text
    assert "did you mean 'pm2_5'?" in text
    assert '"pm2_5": 31.2' in text
    assert max(len(line) for line in text.splitlines() if '"pm2_5"' not in line) <= 80


def test_what_a_device_sends_does_not_steer_the_terminal() -> None:
    done = halong("check", stdin=present(**{"\x1b[2J": "\ud800", "device": "\x1b[31m"}))
    assert done.returncode == 1
    assert b"\x1b" not in done.stdout
    assert b"\xef\xbf\xbd[2J" in done.stdout


def test_json_for_programs(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(present(pm2_5="31"))
    (tmp_path / "b.json").write_bytes(present(pm2_5=31))
    done = halong("check", "--json", str(tmp_path / "a.json"), str(tmp_path / "b.json"))
    first, second = map(json.loads, done.stdout.splitlines())
    assert (done.returncode, first["ok"], second["ok"]) == (1, False, True)
    assert first["corrected"][0]["example"]["pm2_5"] == 31
    assert b"only the form is checked" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["no-such-file"], "no-such-file cannot be read"),
        (["--profile", "atlantis", "-"], "no profile 'atlantis'"),
        (["--topic", "city/v1/tour/observations", "-"], "halong does not read topic"),
        ([], "nothing to check"),
        (["-"], "standard input is empty"),
        (["--live", "--broker", "mqtt://127.0.0.1:1"], "cannot listen at the broker"),
    ],
)
def test_exit_code_2_where_nothing_could_be_checked(
    arguments: list[str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runtime.device_check.settings", Settings)
    given = "{}" if "--topic" in arguments else ""
    done = CliRunner().invoke(app, ["device", "check", *arguments], input=given)
    assert isinstance(done.exception, CheckError)
    assert done.exception.exit_code == 2
    assert words in str(done.exception)


def test_a_wrong_setting_is_no_verdict() -> None:
    done = halong("check", "payload.json", HALONG_API_PORT="70000")
    assert (done.returncode, done.stderr[:24]) == (2, b"error: HALONG_API_PORT: ")


def test_schema_for_programs() -> None:
    done = CliRunner().invoke(app, ["device", "schema", "committed"])
    assert json.loads(done.stdout) == schema("committed")
    assert CliRunner().invoke(app, ["device", "schema", "nothing"]).exit_code == 2


def test_the_output_in_the_manual_is_the_output(tmp_path: Path) -> None:
    manual = (Path(__file__).parents[2] / "docs" / "firmware.md").read_text("utf-8")
    section = manual.split("## Check your device\n", 1)[1].split("\n## ", 1)[0]
    (command,) = re.findall(r"^```bash\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    shown, *_ = re.findall(r"^```text\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    path = f"{Path(sys.executable).parent}:/bin:/usr/bin"
    done = subprocess.run(
        ["sh", "-c", command], cwd=tmp_path, env={"PATH": path, "COLUMNS": "100"},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.stdout == shown
    assert done.returncode == 1
