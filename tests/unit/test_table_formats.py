"""Each writer's file, read back by a reader that is not ours."""

from __future__ import annotations

import codecs
import csv
import io
import json
import zipfile
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.formats import xlsx_writer
from api.formats.kinds import Format, formats_of, writer
from api.formats.table import (
    BOOLEAN,
    DATE,
    INTEGER,
    NUMBER,
    TEXT,
    TIME,
    Column,
    Decimal,
    Headers,
    Style,
    Table,
)
from api.tables.observations import significant

TABLE = Table(
    "readings",
    (
        Column("thing", TEXT, "Device", "Thiết bị"),
        Column("time", TIME, "Time", "Thời gian", description="UTC, excluded"),
        Column("value", NUMBER, "Value", "Giá trị", "ug/m3", "As measured."),
        Column("n", INTEGER, "Count", "Số lần"),
        Column("ok", BOOLEAN, "Good", "Tốt"),
        Column("day", DATE, "Day", "Ngày"),
        Column("longitude", NUMBER, "Longitude", "Kinh độ"),
        Column("latitude", NUMBER, "Latitude", "Vĩ độ"),
        Column("shape", TEXT, "Outline", "Ranh giới"),
    ),
    place=("longitude", "latitude"),
    outline="shape",
)
FULL: dict[str, Any] = {
    "thing": "Trạm Bãi Cháy",
    "time": datetime(2026, 11, 22, 1, tzinfo=UTC),
    "value": 31.2,
    "n": 2**53,
    "ok": True,
    "day": date(2026, 11, 22),
    "longitude": 107.046,
    "latitude": 20.961,
    "shape": None,
}
NOTHING: dict[str, Any] = dict.fromkeys(FULL)
LINE = '{"type":"LineString","coordinates":[[107.0,21.0],[107.1,21.0]]}'
SHOWN = [name for name in FULL if name != "shape"]


def made(form: Format, *batches: list[dict[str, Any]], style: Style | None = None) -> bytes:
    each = writer(form, TABLE, style or Style())
    return b"".join([each.begin(), *(each.write(TABLE.batch(rows)) for rows in batches), each.end()])


def sheets(content: bytes) -> dict[str, list[tuple[Any, ...]]]:
    book = openpyxl.load_workbook(io.BytesIO(content))
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book}


@pytest.mark.parametrize("form", [Format.PARQUET, Format.ARROW])
def test_columnar_files_hold_every_value_with_its_type_and_meaning(form: Format) -> None:
    style = Style(about={"source": "halong", "as_of": "2026-11-22"})
    content = made(form, [FULL, NOTHING], [FULL], style=style)
    read = (
        pq.read_table(io.BytesIO(content))
        if form is Format.PARQUET
        else pa.ipc.open_stream(content).read_all()
    )
    shown = [{name: row[name] for name in SHOWN} for row in (FULL, NOTHING, FULL)]
    assert read.to_pylist() == shown
    assert read.schema.metadata[b"as_of"] == b"2026-11-22"
    assert read.schema.field("value").metadata == {
        b"title_en": b"Value",
        b"title_vi": "Giá trị".encode(),
        b"unit": b"ug/m3",
        b"description": b"As measured.",
    }
    assert read.schema.field("time").type == pa.timestamp("us", "UTC")


def test_csv_says_times_in_rfc_3339_and_numbers_in_their_shortest_form() -> None:
    fraction = FULL | {"time": datetime(2026, 11, 22, 1, 0, 0, 1500, tzinfo=UTC), "value": 1e-7}
    header, full, nothing, other = made(Format.CSV, [FULL, NOTHING], [fraction]).decode().split("\r\n")[:-1]
    assert header == ",".join(SHOWN)
    assert full == ("Trạm Bãi Cháy,2026-11-22T01:00:00Z,31.2,9007199254740992,true,2026-11-22,107.046,20.961")
    assert nothing == "," * 7
    assert other.split(",")[1:3] == ["2026-11-22T01:00:00.001500Z", "1e-7"]


def test_csv_for_vietnamese_spreadsheets() -> None:
    style = Style(headers=Headers.VI, bom=True, decimal=Decimal.COMMA)
    content = made(Format.CSV, [FULL | {"thing": "a;b"}], style=style)
    assert content.startswith(codecs.BOM_UTF8)
    head, row = csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";")
    assert head[:3] == ["Thiết bị", "Thời gian", "Giá trị (ug/m3)"]
    assert (row[0], row[2]) == ("a;b", "31,2")


@pytest.mark.attack("formulas in CSV and XLSX", "a quote before them; text")
@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_no_text_is_a_formula(formula: str) -> None:
    content = made(Format.CSV, [FULL | {"thing": formula}]).decode()
    _, row = csv.reader(io.StringIO(content, newline=""))
    assert row[0] == f"'{formula}"
    cell = openpyxl.load_workbook(io.BytesIO(made(Format.XLSX, [FULL | {"thing": "=1+1"}]))).worksheets[0][
        "A2"
    ]
    assert (cell.value, cell.data_type) == ("=1+1", "s")


@given(st.lists(st.one_of(st.none(), st.text()), min_size=1, max_size=20))
def test_any_text_comes_back_from_csv(texts: list[str | None]) -> None:
    content = made(Format.CSV, [NOTHING | {"thing": each, "n": 1} for each in texts]).decode()
    rows = list(csv.DictReader(io.StringIO(content, newline="")))
    escaped = [f"'{t}" if t and t[0] in "=+-@\t\r\n" else t or "" for t in texts]
    assert [row["thing"] for row in rows] == escaped


@settings(max_examples=30)
@given(st.text(max_size=50))
def test_any_text_makes_a_workbook_that_opens(text: str) -> None:
    (_, row) = sheets(made(Format.XLSX, [FULL | {"thing": text}]))["readings"]
    kept = "".join(c for c in text if c in "\t\n\r" or (c >= " " and c not in "\ufffe\uffff"))
    assert (row[0] or "") == kept.replace("\r\n", "\n").replace("\r", "\n")


@given(st.floats(), st.datetimes(datetime(1970, 1, 1), datetime(2199, 1, 1)))  # noqa: DTZ001
def test_any_number_and_time_come_back(number: float, instant: datetime) -> None:
    row = FULL | {"value": number, "time": instant.replace(tzinfo=UTC)}
    (read,) = pq.read_table(io.BytesIO(made(Format.PARQUET, [row]))).to_pylist()
    assert repr(read["value"]) == repr(number)
    (text,) = csv.DictReader(io.StringIO(made(Format.CSV, [row]).decode()))
    assert repr(float(text["value"])) == repr(number)
    assert datetime.fromisoformat(text["time"]) == read["time"] == row["time"]


def test_xlsx_has_local_times_titles_and_a_sheet_that_explains() -> None:
    style = Style(headers=Headers.EN, zone=ZoneInfo("Asia/Ho_Chi_Minh"), about={"licence": "CC-BY-4.0"})
    found = sheets(made(Format.XLSX, [FULL, NOTHING], [FULL | {"value": float("nan")}], style=style))
    head, full, nothing, nan = found["readings"]
    assert head[1:3] == ("Time (Asia/Ho_Chi_Minh)", "Value (ug/m3)")
    midnight = datetime.fromisoformat("2026-11-22")
    assert full[:6] == ("Trạm Bãi Cháy", midnight.replace(hour=8), 31.2, 2**53, True, midnight)
    assert nothing == (None,) * 8
    assert nan[2] is None
    assert ("value", "Value", "Giá trị", "ug/m3", "As measured.") in found["about"]
    assert ("licence", "CC-BY-4.0") in [row[:2] for row in found["about"]]


def test_xlsx_tells_of_itself_in_the_zone_of_its_times() -> None:
    about = {"from": "2026-10-31 17:00:00+00:00", "to": "2026-11-30T17:00:00Z", "period": "2026-11-01"}
    found = sheets(made(Format.XLSX, [FULL], style=Style(zone=ZoneInfo("Asia/Ho_Chi_Minh"), about=about)))
    told = {row[0]: row for row in found["about"]}
    assert told["from"][1] == "2026-11-01 00:00:00+07:00"
    assert told["to"][1] == "2026-12-01 00:00:00+07:00"
    assert told["period"][1] == "2026-11-01"
    assert told["time"][4] == "Asia/Ho_Chi_Minh, excluded"


def test_xlsx_leaves_hours_of_utc_what_they_are() -> None:
    table = Table("hours", (Column("time", TIME, "Hour", "Giờ", description="Start of the UTC hour."),))
    each = writer(Format.XLSX, table, Style(zone=ZoneInfo("Asia/Ho_Chi_Minh")))
    assert sheets(each.begin() + each.end())["about"][1][4] == "Start of the UTC hour."


def test_columns_of_xlsx_are_as_wide_as_what_stands_in_them() -> None:
    table = Table("t", (
        Column("name", TEXT, "Name", "Tên"), Column("a_rather_long_title", NUMBER, "", ""),
        Column("time", TIME, "", ""), Column("remark", TEXT, "", ""),
    ))  # fmt: skip
    made = writer(Format.XLSX, table, Style())
    rows = [{"name": "Thành phố Hạ Long, phường Bãi Cháy", "remark": "x" * 500}, {"name": "x"}]
    content = made.begin() + made.write(table.batch(rows)) + made.end()
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    widths = [sheet.column_dimensions[letter].width for letter in "ABCD"]
    assert widths[0] >= len("Thành phố Hạ Long, phường Bãi Cháy")
    assert widths[1] >= len("a_rather_long_title")
    assert widths[2] >= len("2026-11-22 08:00:00 (UTC)") - 6
    assert widths[3] == 60


def test_a_full_sheet_is_followed_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx_writer, "SHEET_ROWS", 5)
    rows = [FULL | {"n": n} for n in range(9)]
    found = sheets(made(Format.XLSX, rows[:3], rows[3:]))
    assert list(found) == ["readings", "readings 2", "readings 3", "about"]
    assert [row[3] for name in list(found)[:3] for row in found[name][1:]] == list(range(9))
    assert {found[name][0] for name in list(found)[:3]} == {found["readings"][0]}


def test_geojson_places_each_row() -> None:
    body = json.loads(made(Format.GEOJSON, [FULL], [FULL | {"shape": LINE}, NOTHING]))
    point, line, nowhere = body["features"]
    assert body["type"] == "FeatureCollection"
    assert point["geometry"] == {"type": "Point", "coordinates": [107.046, 20.961]}
    assert point["properties"]["time"] == "2026-11-22T01:00:00Z"
    assert not {"longitude", "latitude", "shape"} & set(point["properties"])
    assert line["geometry"] == json.loads(LINE)
    assert nowhere["geometry"] is None


def test_json_has_the_rows_as_items() -> None:
    assert json.loads(made(Format.JSON)) == {"items": []}
    (first, second) = json.loads(made(Format.JSON, [], [FULL], [], [FULL | {"value": 3.0}]))["items"]
    assert first["value"], second["value"] == (31.2, 3)
    assert set(first) == set(SHOWN)


@pytest.mark.parametrize("form", [each for each in Format if each is not Format.CSV])
def test_a_file_without_its_end_opens_nowhere(form: Format) -> None:
    each = writer(form, TABLE, Style())
    cut = each.begin() + each.write(TABLE.batch([FULL] * 10))
    errors = (pa.ArrowInvalid, pa.ArrowException, OSError, ValueError, zipfile.BadZipFile)
    with pytest.raises(errors):
        _open(form, cut[: -1 if form is Format.ARROW else None])
    each.close()


def _open(form: Format, content: bytes) -> object:
    if form is Format.PARQUET:
        return pq.read_table(io.BytesIO(content))
    if form is Format.ARROW:
        return pa.ipc.open_stream(content).read_all()
    if form is Format.XLSX:
        return openpyxl.load_workbook(io.BytesIO(content))
    return json.loads(content)


def test_what_is_empty_is_a_file_all_the_same() -> None:
    for form in Format:
        assert made(form)
    assert pq.read_table(io.BytesIO(made(Format.PARQUET))).num_rows == 0
    assert len(sheets(made(Format.XLSX))["readings"]) == 1


def test_a_slice_of_a_batch_is_written_and_no_more() -> None:
    batch = TABLE.batch([FULL | {"n": n} for n in range(6)])
    each = writer(Format.CSV, TABLE, Style())
    rows = list(csv.DictReader(io.StringIO((each.begin() + each.write(batch.slice(2, 3))).decode())))
    assert [row["n"] for row in rows] == ["2", "3", "4"]


def test_tables_without_a_place_have_no_geojson() -> None:
    assert Format.GEOJSON in formats_of(TABLE)
    assert Format.GEOJSON not in formats_of(Table("plain", TABLE.columns[:2]))


def test_significant_digits() -> None:
    noisy = [
        12.300000000001,
        0.1 + 0.2,
        -123.50000000000003,
        0.0,
        1e-7 / 3,
        123_456_789_012.34,
        np.nan,
        np.inf,
    ]
    found = significant(np.array(noisy))
    assert found[:6].tolist() == [12.3, 0.3, -123.5, 0.0, 3.333333333e-08, 123_456_789_000.0]
    assert np.isnan(found[6])
    assert np.isinf(found[7])


@given(st.floats(-1e15, 1e15))
def test_what_has_few_digits_is_left_as_it_is(number: float) -> None:
    few = float(f"{number:.8g}")
    assert significant(np.array([few])).tolist() == [few]
