"""Options of commands that speak of tags and links."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

Tags = Annotated[list[str] | None, typer.Option("--tag", help="A tag to find it by; repeat it for several.")]
Untags = Annotated[list[str] | None, typer.Option("--untag", help="A tag that it is to lose.")]
Links = Annotated[
    list[str] | None,
    typer.Option(
        "--link",
        metavar="'KIND TITLE URL'",
        help="A photo, note or document about it: 'photo Mast https://…'.",
    ),
]
Unlinks = Annotated[list[str] | None, typer.Option("--unlink", metavar="URL", help="A link that goes.")]
Tagged = Annotated[
    list[str] | None, typer.Option("--tag", help="Only with this tag; repeated: with all of these.")
]


def labelled(
    present: Mapping[str, Any],
    tags: list[str] | None = None,
    untags: list[str] | None = None,
    links: list[str] | None = None,
    unlinks: list[str] | None = None,
) -> dict[str, Any]:
    """Return the tags and links of an entry after these options, if there are any."""
    changed: dict[str, Any] = {}
    if tags or untags:
        changed["tags"] = _without(present.get("tags", ()), untags, "--untag", "tag") + list(tags or ())
    if links or unlinks:
        there = {each["url"]: each for each in present.get("links", ())}
        kept = _without(there, unlinks, "--unlink", "link")
        changed["links"] = [*(there[url] for url in kept), *map(_link, links or ())]
    return changed


def _without(present: Any, gone: list[str] | None, option: str, word: str) -> list[str]:
    for each in gone or ():
        if each not in present:
            told = f"it has no {word} {each!r}; it has {', '.join(present) or 'none'}"
            raise typer.BadParameter(told, param_hint=option)
    return [each for each in present if each not in (gone or ())]


def _link(text: str) -> dict[str, str]:
    kind, _, rest = text.strip().partition(" ")
    title, _, url = rest.strip().rpartition(" ")
    if not title:
        told = f"{text!r} is not 'KIND TITLE URL', such as 'photo Mast from the south https://…'"
        raise typer.BadParameter(told, param_hint="--link")
    return {"kind": kind, "title": title.strip(), "url": url}
