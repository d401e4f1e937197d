"""Cursors, suggestions and problems: the pure parts of the API."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import URL, QueryParams

from api.app import create_app
from api.pages import cut, decode_cursor, encode_cursor, next_address
from api.problems import KINDS, Fault, Problem, sentence
from api.suggest import holds, nearest, plain, told
from runtime.settings import Settings

TIME = datetime(2026, 11, 22, 1, tzinfo=UTC)


@given(st.integers(0, 2**31 - 1), st.datetimes(timezones=st.just(UTC)))
def test_a_cursor_comes_back(number: int, time: datetime) -> None:
    assert decode_cursor(encode_cursor([number, time]), tuple[int, datetime]) == (number, time)
    assert decode_cursor(encode_cursor(number), int) == number


@given(st.text())
def test_any_other_text_is_no_cursor(text: str) -> None:
    with pytest.raises(Problem, match="cursor"):
        decode_cursor(text, tuple[int, datetime])


def test_a_cursor_of_another_resource_is_refused() -> None:
    with pytest.raises(Problem, match="no cursor of this resource"):
        decode_cursor(encode_cursor(["193", 1]), int)


def test_a_page_is_cut_at_its_limit() -> None:
    rows: list[dict[str, Any]] = [{"id": n, "time": TIME} for n in range(4)]
    assert cut(rows, 4, "id") == (rows, None)
    page, cursor = cut(rows, 3, "time", "id")
    assert page == rows[:3]
    assert decode_cursor(cursor, tuple[datetime, int]) == (TIME, 2)


def test_the_next_address_keeps_the_query() -> None:
    query = QueryParams("area=193&area=194&from=2026-11-22T08:00:00%2B07:00&cursor=old")
    address = next_address(URL("http://h/v1/x?a=b"), query, "new")
    assert address == "/v1/x?area=193&area=194&from=2026-11-22T08%3A00%3A00%2B07%3A00&cursor=new"
    assert next_address(URL("http://h/v1/x"), query, None) is None


@pytest.mark.parametrize(
    ("text", "code"),
    [("Hạ Long", "193"), ("ha-long", "193"), ("HALONG", "193"), ("mong cai", "194"), ("19 3", "193")],
)
def test_what_was_meant(text: str, code: str) -> None:
    names = {"193": ("Ha Long City", "Hạ Long"), "194": ("Mong Cai City", "Móng Cái"), "đ": ("Dong", "Đông")}
    assert nearest(text, names)[0] == code


def test_what_was_meant_is_told_with_its_name() -> None:
    names = {"193": ("Ha Long City", "Hạ Long"), "pm2_5": ("PM2.5", "PM2.5"), "x": ()}
    assert told(["193", "pm2_5", "x", "y"], names) == ("193 (Ha Long City)", "pm2_5", "x", "y")


@pytest.mark.parametrize("text", ["ha long", "HẠ LONG", "hạ-long", "Hạ Long"])
def test_a_name_is_found_without_its_accents(text: str) -> None:
    assert holds(plain(text), "193", "Thành phố Hạ Long")
    assert not holds(plain(text), "205", "Quảng Yên", "Ha Lam")


def test_nothing_is_meant_by_what_looks_like_nothing() -> None:
    assert nearest("zzzz", {"193": ("Ha Long City", "Hạ Long")}) == []


def test_a_problem_says_what_is_wrong_and_what_would_be_right() -> None:
    fault = Fault(
        parameter="area",
        place="query",
        value="19",
        problem="there is no area '19'",
        expected="an area's code",
        did_you_mean=("193", "194"),
    )
    text = "area: there is no area '19'; give an area's code (did you mean 193 or 194?)"
    assert sentence([fault]) == text
    assert {status for status, _ in KINDS.values()} == {
        401, 403, 404, 405, 406, 408, 409, 410, 412, 413, 416, 422, 428, 429, 431, 500, 503,
    }  # fmt: skip


def test_a_body_of_which_nothing_is_needed_may_be_left_out() -> None:
    document = create_app(Settings.model_validate({"database_url": "postgresql://h/d"})).openapi()
    bodies = {
        item["post"]["operationId"]: item["post"]["requestBody"]
        for item in document["paths"].values()
        if "requestBody" in item.get("post", {})
    }
    schemas = document["components"]["schemas"]
    needed = {
        name: body.get("required", False)
        for name, body in bodies.items()
        if "required" not in schemas[body["content"]["application/json"]["schema"]["$ref"].split("/")[-1]]
    }
    assert needed == dict.fromkeys(
        ("acceptUnknownThing", "ignoreUnknownThing", "createEnrolmentToken", "createMqttToken"), False
    )
