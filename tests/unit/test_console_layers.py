from __future__ import annotations

from typing import Any

import pytest

from dashboards.console.layers import LAYERS, chosen, is_near, scale, share, switched, told, turned
from dashboards.console.points import Places


def row(number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": number, "code": f"t-{number}", "name": "", "kind": "air_station", "area": "193",
        "latitude": 20.9512345, "longitude": 107.0812345,
    } | more  # fmt: skip


@pytest.mark.parametrize(
    ("text", "shown", "unknown"),
    [
        (None, LAYERS, ()),
        ("", (), ()),
        ("alerts,indicator", ("indicator", "alerts"), ()),
        ("things,roads,things,<b>", ("things",), ("roads", "<b>")),
    ],
)
def test_an_address_names_layers(text: str | None, shown: tuple[str, ...], unknown: tuple[str, ...]) -> None:
    assert chosen(text) == (shown, unknown)


def test_all_layers_need_no_word_in_the_address() -> None:
    assert told(LAYERS) is None
    assert told([]) == ""
    assert switched(None, "things") == "indicator,gateways,water,alerts"
    assert switched("indicator,gateways,water,alerts", "things") is None
    assert switched("alerts", "alerts") == ""


def test_a_close_look_is_begun_and_ended_and_leaves_the_rest_of_the_address() -> None:
    near = turned({"layers": "things"})
    assert is_near(near)
    assert near["layers"] == "things"
    assert turned(near) == {"layers": "things"}
    assert not is_near({"zoom": "everything"})


def test_a_gauge_has_as_much_below_the_first_alert_level_as_between_first_and_last() -> None:
    low, high = scale((2.0, 3.0, 4.0))
    assert (low, high) == (0.0, 4.5)
    assert [share(height, low, high) for height in (-1.0, 2.25, 9.0)] == [0.0, 0.5, 1.0]


def test_a_gauge_of_one_alert_level_shows_a_metre_below_it() -> None:
    assert scale((2.0,)) == (1.0, 2.25)


def test_places_have_another_version_when_anything_that_is_shown_changes() -> None:
    before = Places.of([row(1), row(2)], 0.0)
    assert before.ids == [1, 2]
    assert b'["t-1","","air_station","193",107.08123,20.95123]' in before.body
    assert Places.of([row(1), row(2)], 9.0).version == before.version
    for other in ([row(1)], [row(1), row(2, name="Tên mới")], [row(1), row(2, latitude=20.9)]):
        assert Places.of(other, 0.0).version != before.version
    assert f'"version":"{before.version}"'.encode() in before.body
