"""The panels of the ingest dashboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from grafana_foundation_sdk.builders import common
from grafana_foundation_sdk.models import common as common_model
from grafana_foundation_sdk.models import units

from dashboards.grafana import ingest_queries as queries
from dashboards.grafana.device_queries import REFUSALS_LAST_HOUR, REFUSALS_OVER_TIME
from dashboards.grafana.panel import Panel, finish, lines, stat_panel, table_panel
from dashboards.grafana.style import named
from dashboards.grafana.words import word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dashboards.grafana.words import Language

#: ingest writes a row so often: a shorter interval has empty buckets
_EVERY: Final = "10s"


# --- now


def messages(language: Language) -> Panel:
    steps = ((None, "red"), (0.001, "green"))
    return stat_panel("messages_now", language, queries.MESSAGES_NOW, *steps).unit("suffix:/s").decimals(1)


def observations(language: Language) -> Panel:
    steps = ((None, "red"), (0.001, "green"))
    return (
        stat_panel("observations_now", language, queries.OBSERVATIONS_NOW, *steps)
        .unit("suffix:/s")
        .decimals(1)
    )


def refused(language: Language) -> Panel:
    return stat_panel("refused", language, REFUSALS_LAST_HOUR, (None, "green"), (1, "orange"))


def p99(language: Language) -> Panel:
    steps = ((None, "green"), (250.0, "orange"), (2000.0, "red"))
    return stat_panel("message_p99", language, queries.MESSAGE_P99_NOW, *steps).unit(units.Milliseconds)


def share(language: Language) -> Panel:
    steps = ((None, "green"), (0.1, "orange"), (0.5, "red"))
    panel = stat_panel("queue_share", language, queries.QUEUE_SHARE_NOW, *steps)
    return panel.unit(units.PercentUnit).decimals(1)


def with_gaps(language: Language) -> Panel:
    return stat_panel("with_gaps", language, queries.GATEWAYS_WITH_GAPS, (None, "green"), (1, "orange"))


# --- traffic and latency


def rates(language: Language) -> Panel:
    panel = _over_time(queries.RATES, language).unit("suffix:/s")
    columns = ("messages", "observations", "duplicates", "replayed")
    return finish(_named(panel, columns, language), "rates", language, width=12, height=10)


def refusals(language: Language) -> Panel:
    panel = _bars(REFUSALS_OVER_TIME, language).unit(units.Short)
    finish(panel, "refusals_over_time", language, width=12, height=10)
    return panel.no_value(word("no_refusals", language))


def commit(language: Language) -> Panel:
    return _latency("commit", queries.COMMIT, language)


def message(language: Language) -> Panel:
    return _latency("message", queries.MESSAGE, language)


def reading(language: Language) -> Panel:
    return _latency("reading", queries.READING, language)


def _latency(key: str, sql: str, language: Language) -> Panel:
    panel = _over_time(sql, language).unit(units.Milliseconds)
    return finish(_named(panel, ("p50", "p99"), language), key, language, width=8, height=9)


# --- work


def batch_rows(language: Language) -> Panel:
    panel = _named(_over_time(queries.BATCH_ROWS, language).unit(units.Short), ("batch_rows",), language)
    return finish(panel, "batch_rows", language, width=8, height=8)


def retries(language: Language) -> Panel:
    return finish(_bars(queries.RETRIES, language).unit(units.Short), "retries", language, width=8, height=8)


def in_flight(language: Language) -> Panel:
    panel = _over_time(queries.IN_FLIGHT, language).unit(units.Short)
    return finish(panel, "in_flight", language, width=8, height=8)


# --- the broker


def queue(language: Language) -> Panel:
    panel = _over_time(queries.QUEUE, language).unit(units.BytesIEC)
    return finish(_named(panel, ("queue", "limit"), language), "queue", language, width=12, height=8)


def dropped(language: Language) -> Panel:
    panel = _named(_bars(queries.DROPPED_OVER_TIME, language).unit(units.Short), ("dropped",), language)
    return finish(panel, "dropped", language, width=6, height=8)


def clients(language: Language) -> Panel:
    panel = _named(_over_time(queries.CLIENTS, language).unit(units.Short), ("clients",), language)
    return finish(panel, "clients", language, width=6, height=8)


# --- what is missing, and what is late


def gaps(language: Language) -> Panel:
    columns: dict[str, dict[str, object]] = {
        column: {} for column in ("gateway", "missing", "gaps", "newest")
    }
    columns |= {"last_seen": {"unit": units.DateTimeFromNow}}
    panel = table_panel("gaps_table", language, queries.GAPS, columns, width=12, height=9)
    return panel.no_value(word("no_gaps", language))


def missing(language: Language) -> Panel:
    panel = _over_time(queries.MISSING, language).unit(units.Short)
    return finish(_named(panel, ("missing", "gateways"), language), "missing", language, width=6, height=9)


def late_hours(language: Language) -> Panel:
    panel = _named(_over_time(queries.LATE_HOURS, language).unit(units.Short), ("late_hours",), language)
    return finish(panel, "late_hours", language, width=6, height=9)


def _over_time(sql: str, language: Language) -> Panel:
    return lines(sql, language).interval(_EVERY).axis_soft_min(0)


def _bars(sql: str, language: Language) -> Panel:
    return (
        lines(sql, language)
        .draw_style(common_model.GraphDrawStyle.BARS)
        .stacking(common.StackingConfig().mode(common_model.StackingMode.NORMAL))
        .fill_opacity(70)
        .interval("1m")
        .axis_soft_min(0)
    )


def _named(panel: Panel, columns: Sequence[str], language: Language) -> Panel:
    for column in columns:
        panel.override_by_name(*named(column, language))
    return panel
