"""A profile as ingest would know it once it were imported: a catalog without a database. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devices.catalog import Catalog, KnownGateway, Stream

if TYPE_CHECKING:
    from devices.model import Gateway, Profile


def catalog_of(profile: Profile) -> Catalog:
    """Return the snapshot of the registry that a profile alone would make; ids count from 1."""
    gateways = {
        gateway.code: _known(profile, gateway, number) for number, gateway in enumerate(profile.gateways, 1)
    }
    return Catalog(gateways, frozenset(each.code for each in profile.observed_properties))


def _known(profile: Profile, gateway: Gateway, number: int) -> KnownGateway:
    properties = {each.code: each for each in profile.observed_properties}
    models = {each.code: each for each in profile.device_models}
    pairs = [(thing.code, prop) for thing in gateway.things for prop in thing.datastreams]
    streams = {
        (device, prop): Stream(id_, each.minimum, each.maximum, each.unit)
        for id_, (device, prop) in enumerate(pairs, 1)
        if (each := properties.get(prop))
    }
    return KnownGateway(
        number,
        True,
        {thing.code: True for thing in gateway.things},
        streams,
        {thing.code: models[thing.model] for thing in gateway.things if thing.model in models},
        {thing.dev_eui: thing.code for thing in gateway.things if thing.dev_eui},
        sum(1 / interval for thing in gateway.things for interval in thing.datastreams.values()),
    )
