"""What `halong device check` says of a message: words for the terminal, a JSON document for programs."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from textwrap import fill
from typing import TYPE_CHECKING, Any

from rich.text import Text

from ingest.check import IN_FORM, STORED, SUSPECT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

    from rich.console import Console

    from ingest.check import Checked, CheckedReading, Finding
    from ingest.mend import Mended

_SHOWN_READINGS = 60
_SHOWN_PARTS = 20
#: what is corrected as one: a reading; the rest of the payload is another
_PART = re.compile(r"\$\.readings\[\d+\]")
_MANUAL = "docs/firmware.md"
_STYLES = {STORED: "green", IN_FORM: "green", SUSPECT: "yellow"}


@dataclass(frozen=True)
class Report:
    """A message that was checked: where it comes from, what becomes of it, and how it should be."""

    source: str
    topic: str
    checked: Checked
    mended: list[Mended]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong with it."""
        return not self.checked.findings

    def document(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        found = self.checked
        told: dict[str, Any] = {
            "source": self.source,
            "topic": self.topic,
            "gateway": found.gateway,
            "kind": found.kind,
            "format": found.format,
            "seq": found.seq,
            "ok": self.ok,
            "readings": [_reading_document(each) for each in found.readings],
            "problems": [_finding_document(each) for each in found.findings],
            "corrected": [_mended_document(each) for each in self.mended],
        }
        if found.status is not None:
            started = found.status.started
            told["status"] = {
                "online": found.status.online,
                "firmware": found.status.firmware,
                "started": started and started.isoformat(),
            }
        if found.answer is not None:
            told["response"] = {"id": str(found.answer.id), "state": found.answer.state}
        return told

    def print(self, out: Console, zone: tzinfo) -> None:
        """Print the report for an engineer; times are local to `zone`, and UTC beside."""
        found = self.checked
        numbered = "" if found.seq is None else f", seq {found.seq}"
        out.print(Text(plain(f"{self.source}: {self.topic}"), "bold"), Text(f"({found.format}{numbered})"))
        for line in _readings(found, zone):
            out.print(line)
        if found.status is not None:
            out.print(Text(plain(f"  {_status_words(found, zone)}")))
        if found.answer is not None:
            words = ": ".join(filter(None, (found.answer.state, found.answer.detail)))
            out.print(Text(plain(f"  command {found.answer.id} {words}")))
        self._print_findings(out)
        out.print(Text(f"  {_sum(self.checked)}", "green" if self.ok else "red"))

    def _print_findings(self, out: Console) -> None:
        """Print what is wrong part by part, and after each part how it should be."""
        corrected = {each.at: each for each in self.mended}
        parts: dict[str, list[Finding]] = {}
        for finding in self.checked.findings:
            reading = _PART.match(finding.at)
            parts.setdefault(reading[0] if reading else "$", []).append(finding)
        for part, findings in list(parts.items())[:_SHOWN_PARTS]:
            for finding in findings[:_SHOWN_PARTS]:
                _print_finding(out, finding)
            if part in corrected:
                _print_mended(out, corrected[part])
        if len(parts) > _SHOWN_PARTS:
            out.print(f"  … and problems in {len(parts) - _SHOWN_PARTS} more readings (--json has all)")


def plain(text: str) -> str:
    """Return text without what would steer a terminal or could not be written to it."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


def _readings(found: Checked, zone: tzinfo) -> Iterator[Text]:
    shown = found.readings[:_SHOWN_READINGS]
    width = max((len(each.property) for each in shown), default=0)
    measured = max((len(_value(each)) for each in shown), default=0)
    for (device, time), group in groupby(shown, lambda each: (each.device, each.time)):
        yield Text(f"  {plain(device)}  {_times(time, zone)}")
        for each in group:
            style = _STYLES.get(each.fate, "red")
            fate = each.fate if each.fate in _STYLES else f"refused: {each.fate}"
            line = Text(plain(f"    {each.property:<{width}}  {_value(each):<{measured}}  "))
            yield line.append(fate, style)
    if (more := len(found.readings) - _SHOWN_READINGS) > 0:
        yield Text(f"  … and {more} more values (--json has all)")


def _value(reading: CheckedReading) -> str:
    return f"{reading.value:.10g} {reading.unit}".rstrip()


def _times(time: int, zone: tzinfo) -> str:
    """Return a time as the city's clock has it, and in UTC."""
    moment = _moment(time)
    if moment is None:
        return f"{time // 1000} ms since 1970"
    digits = "microseconds" if time % 1000 else "milliseconds" if time % 1_000_000 else "seconds"
    local, utc = moment.astimezone(zone), moment.isoformat(timespec=digits).replace("+00:00", "Z")
    return (
        f"{local.isoformat(sep=' ', timespec=digits)} ({utc if local.date() != moment.date() else utc[11:]})"
    )


def _moment(time: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(time / 1e6, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _status_words(found: Checked, zone: tzinfo) -> str:
    status = found.status
    assert status is not None
    words = ["online" if status.online else "offline"]
    if status.firmware:
        words.append(f"firmware {status.firmware}")
    if status.started:
        words.append(f"started {status.started.astimezone(zone).isoformat(sep=' ')}")
    return ", ".join(words)


def _print_finding(out: Console, finding: Finding) -> None:
    times = f", {finding.count} times" if finding.count > 1 else ""
    fate = "stored all the same" if finding.stored else "not stored"
    head = Text("  ! ", "yellow" if finding.stored else "red").append(plain(finding.at), "bold")
    out.print(head.append(f"  {finding.reason} ({fate}{times})"))
    out.print(Text(_folded(out, finding.detail)))
    out.print(Text(_folded(out, f"Rule: {finding.rule.words} ({_MANUAL}, {finding.rule.section})"), "dim"))


def _print_mended(out: Console, mended: Mended) -> None:
    if not mended.text:
        return
    words = f"corrected: {', '.join(mended.how)}"
    out.print(Text(fill(plain(words), out.width, initial_indent="  > ", subsequent_indent="    "), "cyan"))
    out.print(Text(f"    {plain(mended.text)}"), soft_wrap=True)
    if mended.left:
        left = ", ".join(f"{each.reason} at {each.at}" for each in mended.left[:5])
        out.print(Text(_folded(out, f"Still wrong: {left}")))


def _folded(out: Console, words: str) -> str:
    return fill(
        plain(words), out.width, initial_indent="    ", subsequent_indent="    ", break_long_words=False
    )


def _sum(found: Checked) -> str:
    if not found.findings:
        return "ok: nothing is refused"
    number = sum(each.count for each in found.findings)
    fine = sum(each.fate in _STYLES for each in found.readings)
    problems = f"{number} problem" + ("s" if number > 1 else "")
    if found.kind != "observations":
        return problems
    in_form = any(each.fate == IN_FORM for each in found.readings)
    return f"{problems}; {_values(fine)} {'in form' if in_form else 'would be stored'}"


def _values(number: int) -> str:
    return f"{number} value" + ("" if number == 1 else "s")


def _reading_document(reading: CheckedReading) -> dict[str, Any]:
    moment = _moment(reading.time)
    return {
        "device": reading.device,
        "property": reading.property,
        "time": moment and moment.isoformat().replace("+00:00", "Z"),
        "value": reading.value,
        "unit": reading.unit,
        "becomes": reading.fate,
    }


def _finding_document(finding: Finding) -> dict[str, Any]:
    return {
        "reason": finding.reason,
        "at": finding.at,
        "detail": finding.detail,
        "stored": finding.stored,
        "count": finding.count,
        "rule": finding.rule.words,
        "section": finding.rule.section,
    }


def _mended_document(mended: Mended) -> dict[str, Any]:
    return {
        "at": mended.at,
        "example": json.loads(mended.text) if mended.text else None,
        "changed": list(mended.how),
        "left": [_finding_document(each) for each in mended.left],
    }
