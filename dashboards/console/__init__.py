"""The console: the city live on one page, served by the API's process at `/`."""

from dashboards.console.mounting import mount

__all__ = ["mount"]
