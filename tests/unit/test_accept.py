"""Which format an Accept header asks for (RFC 9110, 12.5.1)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.formats.accept import negotiate
from api.formats.kinds import KINDS, Format

ALL = tuple(Format)
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("", Format.JSON),
        ("*/*", Format.JSON),
        (BROWSER, Format.JSON),
        ("text/csv", Format.CSV),
        ("TEXT/CSV; charset=utf-8", Format.CSV),
        ("text/*", Format.CSV),
        ("application/json;q=0.5, text/csv", Format.CSV),
        ("text/csv;q=0.5, application/json;q=0.4", Format.CSV),
        ("*/*;q=0.1, application/geo+json", Format.GEOJSON),
        ("application/*, application/json;q=0", Format.PARQUET),
        ("application/vnd.apache.arrow.stream", Format.ARROW),
        (KINDS[Format.XLSX].media_type, Format.XLSX),
        ("text/csv;q=0, */*", Format.JSON),
        ("text/csv;q=0", None),
        ("image/png", None),
        ("application/json;q=0.000", None),
        ("nonsense", Format.JSON),
        ("nonsense, text/csv", Format.CSV),
    ],
)
def test_what_a_client_gets(accept: str, wanted: Format | None) -> None:
    assert negotiate(accept, ALL) is wanted


def test_what_is_not_offered_is_not_given() -> None:
    assert negotiate("application/geo+json", (Format.JSON, Format.CSV)) is None


@given(st.text(max_size=200))
def test_any_header_is_read(accept: str) -> None:
    assert negotiate(accept, ALL) in {None, *ALL}
