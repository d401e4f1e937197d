"""Publishing: a data set's month that differs from what is published becomes its next version.

Files have their version in their names and are never written again; the manifest is put last, so that a
reader finds either the version before or the whole of this one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version as version_of
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

from api.open_data.manifest import Reason, Version
from api.open_data.months import Month, settled
from api.open_data.rows import Suppression, month_rows, suppressed_cells
from api.open_data.writing import CSV, PARQUET, write_month
from api.queries import open_data as queries

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from api.open_data.data_sets import DataSet
    from api.open_data.manifest import Manifest
    from api.open_data.plan import Plan
    from api.open_data.rows import PublishedCell
    from api.open_data.store import Store

#: A value is stamped before it is committed: of those stamped so long before a publication, none is missed.
_COMMIT_MARGIN = timedelta(hours=1)

_FIRST = Reason("first", "first publication", "công bố lần đầu")
_RULES = Reason("rules", "what is published, or how, has changed", "nội dung hoặc cách công bố đã thay đổi")
_COMPLETE = Reason("complete", "the month is complete", "tháng đã đủ số liệu")
_LATE = Reason("values", "observations that came late", "số liệu đến muộn")


class BusyError(RuntimeError):
    """Another process publishes."""


@dataclass(frozen=True)
class Outcome:
    """What became of a data set's month; `version` is the one written, or that would be."""

    data_set: str
    month: str
    what: Literal["written", "unchanged", "empty"]
    version: Version | None = None


@dataclass(frozen=True)
class _Work:
    """One data set's month, and what it is published with."""

    conn: AsyncConnection[Any]
    store: Store
    plan: Plan
    data_set: DataSet
    month: Month

    @property
    def name(self) -> str:
        """The month as the manifest names it."""
        return str(self.month)


Progress = Callable[[int, int, str], None]


async def months_to_publish(
    conn: AsyncConnection[Any], plan: Plan, data_set: DataSet, at: datetime
) -> list[Month]:
    """Return the months of a data set that are settled at an instant, oldest first."""
    codes = [each.code for each in data_set.indicators]
    first = await queries.first_time(conn, codes, [each.code for each in data_set.properties])
    return [] if first is None else list(settled(first, at, plan.settle_days, plan.zone))


async def publish(
    conn: AsyncConnection[Any],
    store: Store,
    plan: Plan,
    months: Sequence[tuple[DataSet, Month]],
    *,
    dry_run: bool = False,
    on_progress: Progress = lambda *_: None,
) -> list[Outcome]:
    """Publish data sets' months that are not published or have changed.

    Args:
        conn: outside a transaction.
        store: where to.
        plan: what the city says.
        months: what to look at.
        dry_run: write nothing, and tell what would be written.
        on_progress: called with how many are done, of how many, and which comes.

    Raises:
        BusyError: another process publishes.
        StoreError: the store does not answer.
        ManifestError: what is published has another form.
    """
    if not await queries.claim(conn):
        raise BusyError("open data are being published by another process: try again when it has ended")
    try:
        found = []
        for done, (data_set, month) in enumerate(months):
            on_progress(done, len(months), f"{data_set.code} {month}")
            work = _Work(conn, store, plan, data_set, month)
            found.append(await _publish_month(work, dry_run=dry_run))
        on_progress(len(months), len(months), "")
        return found
    finally:
        await queries.release(conn)


async def _publish_month(work: _Work, *, dry_run: bool) -> Outcome:
    manifest = await work.store.manifest(work.data_set.code)
    with TemporaryDirectory(prefix="halong-open-data-") as place:
        made = await _made(work, manifest, Path(place))
        if isinstance(made, Outcome):
            return made
        if not dry_run:
            await _put(work.store, Path(place), manifest, work.name, made)
        return Outcome(work.data_set.code, work.name, "written", made)


async def _made(work: _Work, manifest: Manifest, place: Path) -> Version | Outcome:
    """Return the next version, whose files lie in a folder; or why there is none."""
    async with queries.snapshot(work.conn) as as_of:
        reason = await _why(work, manifest, as_of)
        if reason is None:
            return Outcome(work.data_set.code, work.name, "unchanged", manifest.current(work.name))
        number = len(manifest.months.get(work.name, ())) + 1
        suppression = Suppression(work.plan.smallest_cell, await _held(work, manifest))
        made = await _write(work, place, number=number, reason=reason, as_of=as_of, suppression=suppression)
    return _nothing_to_write(work, manifest, made) or made


async def _held(work: _Work, manifest: Manifest) -> frozenset[PublishedCell]:
    """Return the cells that the version before hides; it hides those of all before it."""
    current = manifest.current(work.name)
    if current is None or not work.data_set.counts_people:
        return frozenset()
    file = current.file(PARQUET)
    parts = work.store.read(work.data_set.code, file.name, 0, file.bytes)
    return suppressed_cells(b"".join([part async for part in parts]))


async def _write(
    work: _Work, place: Path, *, number: int, reason: Reason, as_of: datetime, suppression: Suppression
) -> Version:
    plan, data_set = work.plan, work.data_set
    rows = month_rows(work.conn, data_set, work.month, plan.zone, suppression)
    stem = f"{data_set.code}_{work.name}_v{number}"
    written = await write_month(place, stem, data_set, rows, _about(work, as_of))
    return Version(
        version=number,
        reason=reason,
        as_of=as_of.astimezone(UTC),
        written_at=datetime.now(UTC).replace(microsecond=0),
        software=f"halong {version_of('halong')}",
        rules=plan.rules(data_set),
        rows=written.rows,
        filled=written.filled,
        suppressed=written.suppressed,
        provisional=_is_provisional(work, as_of),
        files=written.files,
    )


async def _put(store: Store, place: Path, manifest: Manifest, month: str, made: Version) -> None:
    for file in made.files:
        await store.put_file(manifest.data_set, file, place / file.name)
    await store.put_manifest(manifest.with_version(month, made))


async def _why(work: _Work, manifest: Manifest, as_of: datetime) -> Reason | None:
    """Return why a month may have to be written; None where nothing can have changed."""
    current = manifest.current(work.name)
    if current is None:
        return _FIRST
    if current.rules != work.plan.rules(work.data_set):
        return _RULES
    if work.data_set.properties:
        return _LATE
    changes = await _changes(work, current.as_of - _COMMIT_MARGIN)
    if current.provisional and not _is_provisional(work, as_of):
        return changes or _COMPLETE
    return changes


async def _changes(work: _Work, since: datetime) -> Reason | None:
    indicators = work.data_set.indicators
    revised = added = formula = 0
    for step in {each.step for each in indicators}:
        if (span := work.month.steps(step, work.plan.zone)) is None:
            continue
        codes = [each.code for each in indicators if each.step is step]
        found = await queries.changed(work.conn, codes, *span, since)
        revised, added = revised + found["revised"], added + found["added"]
        formula += found["formula"]
    if not revised + added:
        return None
    return Reason(
        "values",
        f"{revised} values revised, of which {formula} by another formula, and {added} added",
        f"{revised} giá trị được tính lại, trong đó {formula} do đổi công thức, và thêm {added} giá trị",
        revised,
        added,
        formula,
    )


def _nothing_to_write(work: _Work, manifest: Manifest, made: Version) -> Outcome | None:
    current = manifest.current(work.name)
    if current is None:
        return Outcome(manifest.data_set, work.name, "empty") if not made.filled else None
    same = current.file(CSV).sha256 == made.file(CSV).sha256
    same &= (current.rules, current.provisional) == (made.rules, made.provisional)
    # Observations are only ever added, or given up after years: that takes nothing back.
    is_thinned = bool(work.data_set.properties) and made.rows < current.rows
    return Outcome(manifest.data_set, work.name, "unchanged", current) if same or is_thinned else None


def _is_provisional(work: _Work, at: datetime) -> bool:
    return work.month.end(work.plan.zone) + timedelta(days=work.plan.settle_days) > at


def _about(work: _Work, as_of: datetime) -> dict[str, Any]:
    """Return the annotations of a month's CSV, in Dublin Core's terms."""
    changed = as_of.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "dc:license": {"@id": work.plan.licence_url},
        "dc:publisher": work.plan.publisher.name_en,
        "dc:source": [each.en for each in work.data_set.sources],
        "dc:temporal": f"{work.month.first_day}/{work.month.last_day}",
        "dc:modified": {"@value": changed, "@type": "xsd:dateTime"},
    }
