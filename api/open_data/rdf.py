"""Pieces of RDF in JSON-LD: texts in two languages, periods, concepts of the EU's authority tables. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from rdflib import Graph
from shapely import from_geojson, union_all

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from api.open_data.data_sets import DataSet
    from api.open_data.months import Month

Node = dict[str, Any]

EU: Final = "http://publications.europa.eu/resource/authority/"
CONTEXT: Final = {
    "adms": "http://www.w3.org/ns/adms#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dcatap": "http://data.europa.eu/r5r/",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "geo": "http://www.opengis.net/ont/geosparql#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "spdx": "http://spdx.org/rdf/terms#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


def turtle(document: Node) -> str:
    """Return JSON-LD as Turtle (RDF 1.1)."""
    return Graph().parse(data=json.dumps(document), format="json-ld").serialize(format="turtle")


def bounds(outlines: Iterable[str]) -> tuple[float, float, float, float] | None:
    """Return west, south, east and north of GeoJSON geometries in degrees; None without any."""
    found = [from_geojson(each) for each in outlines]
    if not found:
        return None
    west, south, east, north = union_all([each.envelope for each in found]).bounds
    return west, south, east, north


def both(en: str, vi: str) -> list[Node]:
    """Return a text in both languages."""
    return [{"@value": en, "@language": "en"}, {"@value": vi, "@language": "vi"}]


def words(words: Sequence[str], language: str) -> list[Node]:
    """Return keywords of one language."""
    return [{"@value": each, "@language": language} for each in words]


def concept(address: str, label: str, kind: str = "skos:Concept") -> Node:
    """Return a concept, or a scheme of them, with its label."""
    name = "dct:title" if kind == "skos:ConceptScheme" else "skos:prefLabel"
    return {"@id": address, "@type": kind, name: {"@value": label, "@language": "en"}}


def public() -> Node:
    """Return the access right of what anyone may read."""
    return {"@id": f"{EU}access-right/PUBLIC", "@type": "dct:RightsStatement"}


def provenance(data_set: DataSet) -> Node:
    """Return what a data set is computed by: the documents and clauses of its indicators."""
    if not data_set.sources:
        return {}
    en, vi = ("; ".join(getattr(each, lang) for each in data_set.sources) for lang in ("en", "vi"))
    return {
        "dct:provenance": {
            "@type": "dct:ProvenanceStatement",
            "rdfs:label": both(
                f"Computed by halong from the city's sensors, after: {en}",
                f"halong tính từ cảm biến của địa phương, theo: {vi}",
            ),
        }
    }


def period(first: Month, last: Month) -> Node:
    """Return a period of whole months."""
    return {
        "@type": "dct:PeriodOfTime",
        "dcat:startDate": {"@value": first.first_day.isoformat(), "@type": "xsd:date"},
        "dcat:endDate": {"@value": last.last_day.isoformat(), "@type": "xsd:date"},
    }


def dates(written: Sequence[datetime]) -> Node:
    """Return when the first and the last of some versions were written."""
    if not written:
        return {}
    return {
        name: {"@value": at.strftime("%Y-%m-%dT%H:%M:%SZ"), "@type": "xsd:dateTime"}
        for name, at in (("dct:issued", min(written)), ("dct:modified", max(written)))
    }


def box(found: tuple[float, float, float, float]) -> str:
    """Return a rectangle of west, south, east and north as WKT."""
    west, south, east, north = (f"{each:.4f}" for each in found)
    corners = (west, south), (east, south), (east, north), (west, north), (west, south)
    return f"POLYGON(({', '.join(' '.join(each) for each in corners)}))"
