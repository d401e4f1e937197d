"""A connection to Grafana's HTTP API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self
from urllib.parse import unquote, urlsplit

import niquests
from grafana_client.api import GrafanaApi
from grafana_client.client import GrafanaClientError, GrafanaException, GrafanaUnauthorizedError

from dashboards.grafana import DashboardError

if TYPE_CHECKING:
    from collections.abc import Callable


class Grafana:
    """A connection to Grafana that turns every failure into one line."""

    def __init__(self, url: str, *, token: str | None, user: str | None, password: str | None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise DashboardError(f"{url} is no address of a Grafana: write it as http://host:3000")
        self.address = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl().rstrip("/")
        user, password = user or unquote(parts.username or ""), password or unquote(parts.password or "")
        if not token and not (user and password):
            raise DashboardError(
                f"no credential for Grafana at {self.address}: give a token, or user and password"
            )
        # The client puts "api" straight after the path.
        base = f"{self.address}/" if urlsplit(self.address).path else self.address
        self._api = GrafanaApi.from_url(base, credential=token or (user, password), timeout=10)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._api.client.s.close()

    def call(self, doing: str, request: Callable[..., Any], *arguments: Any) -> Any:
        """Return what `request(api, *arguments)` returns."""
        try:
            return request(self._api, *arguments)
        except GrafanaUnauthorizedError as error:
            raise DashboardError(
                f"Grafana at {self.address} does not know the credential: check token or user and password"
            ) from error
        except GrafanaException as error:
            raise DashboardError(self._refused(doing, error)) from error
        except (niquests.RequestException, OSError) as error:
            raise DashboardError(
                f"no connection to Grafana at {self.address}: {type(error).__name__}; is it running there?"
            ) from error

    def find(self, doing: str, request: Callable[..., Any], *arguments: Any) -> dict[str, Any] | None:
        """Return what is stored, None if there is no such thing."""
        try:
            found: dict[str, Any] = self.call(doing, request, *arguments)
        except DashboardError as error:
            if isinstance(error.__cause__, GrafanaClientError) and error.__cause__.status_code == 404:
                return None
            raise
        return found

    def _refused(self, doing: str, error: GrafanaException) -> str:
        told = error.response.get("message") if isinstance(error.response, dict) else error.response
        advice = {
            400: "if it is provisioned from a file, change the file instead",
            403: "is it an Admin? What is provisioned from a file changes only there",
            412: "somebody saved it meanwhile, run the command again",
        }.get(error.status_code, "see Grafana's log")
        return f"Grafana at {self.address} answers {error.status_code} to {doing}: {told}; {advice}"
