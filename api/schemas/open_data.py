"""What is answered below /open: its schemas and examples. The files themselves say what their columns are."""

from typing import Any, Final

import msgspec

from api.open_data.manifest import Manifest
from api.open_data.writing import CSV, CSVW, PARQUET

_NAMED: Final = "#/components/schemas/OpenData{name}"
_, _FOUND = msgspec.json.schema_components([Manifest], ref_template=_NAMED)

CATALOGUE: Final[dict[str, Any]] = {
    "@context": {"dcat": "http://www.w3.org/ns/dcat#", "dct": "http://purl.org/dc/terms/"},
    "@graph": [
        {
            "@id": "https://data.example.vn/open/catalog",
            "@type": "dcat:Catalog",
            "dct:title": [{"@value": "Open data of Quảng Ninh", "@language": "en"}],
        }
    ],
}
#: name in the document -> schema
SCHEMAS: Final[dict[str, Any]] = {
    **{f"OpenData{name}": schema for name, schema in _FOUND.items()},
    "OpenDataCatalogue": {
        "title": "OpenDataCatalogue",
        "description": "A catalogue of DCAT-AP 3 in JSON-LD, with the context that its names need.",
        "type": "object",
        "required": ["@context", "@graph"],
        "properties": {
            "@context": {"type": "object"},
            "@graph": {"type": "array", "items": {"type": "object"}},
        },
    },
}

#: media type -> where there is one of it
PLACES: Final = {
    CSV: "/open/files/air/air_2026-10_v1.csv",
    PARQUET: "/open/files/air/air_2026-10_v1.parquet",
    CSVW: "/open/files/air/air_2026-10_v1.csv-metadata.json",
}
MANIFEST: Final[dict[str, Any]] = {
    "data_set": "air",
    "months": {
        "2026-10": [
            {
                "version": 1,
                "reason": {
                    "code": "first",
                    "text_en": "first publication",
                    "text_vi": "công bố lần đầu",
                    "revised": 0,
                    "added": 0,
                    "formula": 0,
                },
                "as_of": "2026-11-04T02:00:00Z",
                "written_at": "2026-11-04T02:00:07Z",
                "software": "halong 0.1.0",
                "rules": "6f1c0a52f4b14b0b",
                "rows": 12090,
                "filled": 11874,
                "suppressed": 0,
                "provisional": False,
                "files": [
                    {
                        "name": "air_2026-10_v1.csv",
                        "media_type": "text/csv",
                        "bytes": 1834711,
                        "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                    }
                ],
            }
        ]
    },
    "format": 1,
}
