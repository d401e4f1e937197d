"""`halong tokens …`: tokens of the city's identity provider."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from runtime.commands.instants import local
from runtime.commands.running import run
from runtime.environment import SettingsError
from runtime.settings import settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

app = typer.Typer(no_args_is_help=True, help="Tokens of the city's identity provider (OpenID Connect).")
out = Console(highlight=False, soft_wrap=True)


@app.callback()
def _group() -> None:
    """Keep `check` a command of its own."""


@app.command("check")
def check(
    file: Annotated[
        typer.FileText | None,
        typer.Argument(help="File with an access token, - for standard input; none: ask the provider alone."),
    ] = None,
) -> None:
    """Ask the provider for its keys, and tell who a token speaks for or why it is refused.

    Example: `halong tokens check token.txt`
    """
    for line in run(_check(file.read().strip() if file else None)):
        out.print(line, markup=False)


async def _check(text: str | None) -> list[str]:
    from api.oidc.claims import Meaning, caller
    from api.oidc.tokens import tokens

    found = tokens(settings())
    if found is None:
        raise SettingsError("HALONG_OIDC_ISSUER is not set: set it to the provider's address")
    lines = [await found.issuer.told()]
    if text:
        claims = await found.claims(text, settings().oidc_audience)
        who = caller(claims, Meaning.of(settings()))
        areas = "everywhere" if who.areas is None else f"areas {' '.join(who.areas) or 'none'}"
        lines.append(f"{who.who} ({who.name}): {who.told_roles}, {areas}, until {local(who.expires)}")
        lines.append(f"its claims: {', '.join(_paths(claims))}")
    return lines


def _paths(claims: Mapping[str, Any], before: str = "") -> Iterator[str]:
    """Return the claims as HALONG_OIDC_ROLE_CLAIM and its like name them."""
    for name, value in sorted(claims.items()):
        if isinstance(value, dict):
            yield from _paths(value, f"{before}{name}.")
        else:
            yield f"{before}{name}"
