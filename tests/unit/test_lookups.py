"""Names that were looked up before against names that were not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from devices.catalog import Catalog, KnownGateway, Stream
from ingest.formats.readings import Readings
from ingest.resolve import TimeLimits, resolve

STREAMS = {("d", "a"): (1, 0.0, 10.0), ("d", "b"): (2, -5.0, 5.0), ("gw", "a"): (3, 0.0, 3.0)}
NAME = st.tuples(st.sampled_from(["d", None, "x"]), st.sampled_from(["a", "b"]))
# Alike at both ends, where an earlier lookup is recognised first.
NAMES = st.tuples(st.just(("d", "a")), NAME, NAME, st.just(("d", "b")))


@given(
    st.lists(st.tuples(NAMES, st.lists(st.floats(-6, 11), min_size=4, max_size=4)), min_size=2, max_size=6)
)
def test_lookups_that_are_kept_change_nothing(
    sent: list[tuple[tuple[tuple[str | None, str], ...], list[float]]],
) -> None:
    keeps = catalog()
    for names, values in sent + sent:
        devices, properties = map(list, zip(*names, strict=True))
        readings = Readings(
            devices=devices, properties=properties, times=[5] * 4, values=values, places=[0, 1, 2, 3]
        )
        kept, fresh = (resolve(readings, "gw", each, TimeLimits(0, 9)) for each in (keeps, catalog()))
        assert repr(kept) == repr(fresh)


def catalog() -> Catalog:
    streams = {names: Stream(*limits, unit="1") for names, limits in STREAMS.items()}
    return Catalog({"gw": KnownGateway(1, True, {"d": True, "gw": True}, streams)}, frozenset("ab"))
