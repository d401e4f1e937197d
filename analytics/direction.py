"""Whether more of an indicator is worse. Of an indicator that is not named here nobody can say. Pure."""

from __future__ import annotations

import re
from enum import StrEnum


class Worse(StrEnum):
    """Which end of an indicator's values is the worse one."""

    HIGH = "high"
    LOW = "low"


# By the beginning of codes; the first that fits decides.
_BY_CODE = (
    (Worse.LOW, r"qcvn05_|vn_wqi|iot_availab|iot_coverage|data_completeness|open_data_share|traffic_speed"),
    (
        Worse.HIGH,
        r"vn_aqi|us_aqi|pm2_5|pm10|tsp|no2|so2|co_|o3_|who_|heat_index|humidex|la\d|laeq|lday|levening",
    ),
    (
        Worse.HIGH,
        r"lnight|lden|qcvn26_|level_alert|people_density|traffic_tti|traffic_congestion|traffic_vhd",
    ),
    (Worse.HIGH, r"traffic_pti|waste_fill|waste_need|waste_overflow|light_outage|iot_latency"),
)


def worse(code: str) -> Worse | None:
    """Return which end of an indicator's values is the worse one, or None where that is a matter of opinion.

    Rain, wind, visits, traffic flow or the use of car parks are neither good nor bad in themselves.
    """
    return next((end for end, pattern in _BY_CODE if re.match(pattern, code)), None)
