"""Which topic filters each of several ingest processes subscribes to. Pure.

One process alone uses plain filters. Of several, all share `up/observations` and what LoRaWAN network
servers publish, whose order does not matter, and the first alone has the rest: of two states of a gateway,
or of two answers to a command, the later one must be stored later, and what a Sparkplug edge node says
depends on what it said before.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import unquote, urlsplit

from ingest.sparkplug.topics import FILTERS, STATES
from ingest.topics import KINDS, up

if TYPE_CHECKING:
    from runtime.settings import Settings


#: of 64 bits
_NAME_DIGITS: Final = 16


class Share(NamedTuple):
    """The filters of one client id, and those that its session may have from another number of processes."""

    filters: list[str]
    dropped: list[str]


def client_ids(settings: Settings) -> list[str]:
    """Return the client ids of all processes: ingest-0, ingest-1, …; or id, id-1, …."""
    further = (surplus_id(settings, number) for number in range(1, settings.ingest_processes))
    return [settings.ingest_client_id, *further]


def surplus_id(settings: Settings, number: int) -> str:
    """Return the client id with a number from 1 on."""
    return f"{_group(settings)}-{number}"


def share_of(settings: Settings, client_id: str) -> Share:
    """Return what a client id subscribes to; one that is not among `client_ids`: nothing."""
    ids = client_ids(settings)
    sources = settings.lorawan_sources.values()
    sparkplug = FILTERS if settings.sparkplug_host_id else ()
    plain = [*(up(settings.topic_root, "+", kind) for kind in KINDS), *sparkplug, *sources]
    unordered = [up(settings.topic_root, "+", "observations"), *sources]
    shared = [f"$share/{_share_name(settings)}/{each}" for each in unordered]
    guessed = [f"$share/{_group(settings)}/{each}" for each in unordered]
    if ids == [client_id]:
        filters = plain
    elif client_id == ids[0]:
        filters = [*shared, *(each for each in plain if each not in unordered)]
    else:
        filters = shared if client_id in ids else []
    states = () if is_host(settings, client_id) else (STATES,)
    possible = dict.fromkeys((*plain, *FILTERS, *states, *shared, *guessed))
    return Share(filters, [each for each in possible if each not in filters])


def is_host(settings: Settings, client_id: str) -> bool:
    """Tell whether a client id is the Sparkplug host application: the first, unless that is switched off."""
    return bool(settings.sparkplug_host_id) and client_id == settings.ingest_client_id


def _group(settings: Settings) -> str:
    """Return what the ids of one installation have in common."""
    return settings.ingest_client_id.removesuffix("-0")


def _share_name(settings: Settings) -> str:
    """Return the shared subscription's name: another one for each installation on a broker.

    A gateway that knows it takes messages away by joining, which an ACL file cannot forbid: so it follows
    from the platform's password at the broker, where there is one.
    """
    password = urlsplit(str(settings.mqtt_url or "")).password
    if not password:
        return _group(settings)
    told = hmac.new(unquote(password).encode(), _group(settings).encode(), "sha256").hexdigest()
    return f"{_group(settings)}-{told[:_NAME_DIGITS]}"
