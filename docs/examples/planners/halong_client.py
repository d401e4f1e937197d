"""halong's numbers as Arrow tables, which pandas and polars take as they are.

Needs Python 3.11 or later, and `pip install httpx pyarrow pandas` (or polars in place of pandas).
As a program it shows one indicator:

    HALONG_KEY=halong_… python halong_client.py http://127.0.0.1:8000 pm2_5_d 193,194,195 2026-10
"""

import os
import sys

import httpx
import pyarrow.parquet


class Halong:
    """The API at an address; `key` is needed where reading is not public."""

    def __init__(self, address, key=None):
        self._address = address.rstrip("/")
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}

    def values(self, indicator, **asked):
        """Values of indicators: area="193,194", within="22", period="2026-10", as_of="2026-11-20" …"""
        return self._table("/v1/indicators/values", indicator=indicator, **asked)

    def observations(self, **asked):
        """What devices measured: thing="ha-long-air-1", property="pm2_5", period="P7D", rollup="hour" …"""
        return self._table("/v1/observations", **asked)

    def _table(self, path, **asked):
        asked["format"] = "parquet"
        answer = httpx.get(self._address + path, params=asked, headers=self._headers, timeout=60)
        if answer.is_error:
            raise ValueError(answer.json()["detail"])
        return pyarrow.parquet.read_table(pyarrow.BufferReader(answer.content))


def by_step(frame):
    """Values with a row a step, as reports call it, and a column an area; an hour's label is its end."""
    is_hour = frame["label"].str.contains(":")
    step = frame["label"].mask(is_hour, frame["day"].astype(str) + " " + frame["label"])
    return frame.assign(step=step).pivot_table(
        index="step", columns="area_name_en", values="value", dropna=False
    )


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit("usage: halong_client.py ADDRESS INDICATOR AREA,AREA… PERIOD, with the key in HALONG_KEY")
    address, indicator, area, period = sys.argv[1:]
    halong = Halong(address, os.environ.get("HALONG_KEY"))
    table = halong.values(indicator, area=area, period=period)
    if not table.num_rows:
        sys.exit(f"there is no value of {indicator} in {period}: ask for a period that halong has computed")

    frame = table.to_pandas()  # pandas; with polars: polars.from_arrow(table)
    print(by_step(frame).round(1))
    print(f"{frame['value'].isna().sum()} of {len(frame)} have no value: the column reason says why")
