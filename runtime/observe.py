"""Logging and metrics of the services, set up once at their start."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

import structlog
from prometheus_client import start_http_server

if TYPE_CHECKING:
    from runtime.settings import Settings


def set_up(settings: Settings, service: str) -> None:
    """Log to standard error as `settings` say.

    A log line is a sentence, a fixed `action` word, and data.
    """
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    as_json = settings.log_format == "json" or (settings.log_format == "auto" and not sys.stderr.isatty())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False)
            if as_json
            else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s"
    )


def serve_metrics(settings: Settings) -> None:
    """Serve Prometheus metrics of this process if a port is set.

    Raises:
        OSError: the port is taken.
    """
    if settings.metrics_port:
        start_http_server(settings.metrics_port)
