"""The catalogue as DCAT-AP 3, in JSON-LD that explains its names, so that nothing else is fetched. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from api.open_data.months import Month
from api.open_data.rdf import (
    CONTEXT,
    EU,
    Node,
    both,
    box,
    concept,
    dates,
    period,
    provenance,
    public,
    words,
)
from api.open_data.writing import CSV, CSVW, PARQUET

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from api.open_data.data_sets import DataSet
    from api.open_data.manifest import File, Manifest, Version
    from api.open_data.plan import Plan

_IANA: Final = "https://www.iana.org/assignments/media-types/"
_MONTHLY: Final = {"@id": f"{EU}frequency/MONTHLY", "@type": "dct:Frequency"}
_CONTINUOUS: Final = {"@id": f"{EU}frequency/UPDATE_CONT", "@type": "dct:Frequency"}
_LANGUAGES: Final = [
    {"@id": f"{EU}language/{code}", "@type": "dct:LinguisticSystem"} for code in ("ENG", "VIE")
]
#: media type -> the EU's file type
_FILE_TYPES: Final = {CSV: f"{EU}file-type/CSV", PARQUET: f"{EU}file-type/PARQUET"}
_TITLE: Final = ("Open data of {}", "Dữ liệu mở: {}")
_ABOUT: Final = (
    (
        "Indicators of the city and hourly measurements, as monthly files with checksums. Every value has "
        "its completeness, the version of its rule and its revision."
    ),
    (
        "Các chỉ số của địa phương và số liệu đo từng giờ, theo tệp hằng tháng kèm mã kiểm tra. Mỗi giá trị "
        "có mức đủ dữ liệu, phiên bản công thức và bản sửa đổi."
    ),
)


@dataclass(frozen=True)
class Catalogue:
    """What a catalogue is made of.

    `base` is the API's address without a slash at its end; `bounds` are west, south, east, north in degrees.
    """

    base: str
    plan: Plan
    manifests: Mapping[str, Manifest]
    bounds: tuple[float, float, float, float] | None

    @property
    def root(self) -> str:
        """The address below which everything is."""
        return f"{self.base}/open"

    def document(self) -> Node:
        """Return the catalogue as JSON-LD."""
        nodes = [self._catalog(), self._publisher(), self._place(), self._service()]
        for data_set in self._published():
            nodes += self._series(data_set)
        return {"@context": CONTEXT, "@graph": nodes}

    def _published(self) -> list[DataSet]:
        """Return the data sets of which there is a month: an empty series says nothing."""
        return [each for code, each in self.plan.data_sets.items() if self.manifests[code].months]

    def _catalog(self) -> Node:
        members = [node for each in self._published() for node in self._members(each.code)]
        written = [v.written_at for m in self.manifests.values() for all_ in m.months.values() for v in all_]
        city = self.plan.city
        return {
            "@id": f"{self.root}/catalog",
            "@type": "dcat:Catalog",
            "dct:title": both(_TITLE[0].format(city.en), _TITLE[1].format(city.vi)),
            "dct:description": both(*_ABOUT),
            "dct:publisher": self._at("catalog#publisher"),
            "dct:language": _LANGUAGES,
            "dct:license": {"@id": self.plan.licence_url},
            "dct:spatial": self._at("catalog#place"),
            "foaf:homepage": {"@id": f"{self.root}/", "@type": "foaf:Document"},
            "dcat:themeTaxonomy": concept(f"{EU}data-theme", "EU data themes", kind="skos:ConceptScheme"),
            "dcat:service": self._at("catalog#service"),
            "dcat:dataset": members,
            **dates(written),
        }

    def _members(self, code: str) -> list[Node]:
        months = self.manifests[code].months
        return (
            [self._at(code), *(self._at(f"{code}/{month}") for month in months)]
            if months
            else [self._at(code)]
        )

    def _publisher(self) -> Node:
        who = self.plan.publisher
        return {
            "@id": f"{self.root}/catalog#publisher",
            "@type": "foaf:Agent",
            "foaf:name": both(who.name_en, who.name_vi),
            **({"foaf:homepage": {"@id": who.url, "@type": "foaf:Document"}} if who.url else {}),
        }

    def _contact(self) -> Node:
        who = self.plan.publisher
        found: Node = {"@id": f"{self.root}/catalog#contact", "@type": "vcard:Kind", "vcard:fn": who.name_en}
        if who.email:
            found["vcard:hasEmail"] = {"@id": f"mailto:{who.email}"}
        found["vcard:hasURL"] = {"@id": who.url or f"{self.root}/"}
        return found

    def _place(self) -> Node:
        found: Node = {
            "@id": f"{self.root}/catalog#place",
            "@type": "dct:Location",
            "skos:prefLabel": both(self.plan.city.en, self.plan.city.vi),
        }
        if self.bounds:
            found["dcat:bbox"] = {"@value": box(self.bounds), "@type": "geo:wktLiteral"}
        if self.plan.says.spatial_uri:
            found["owl:sameAs"] = {"@id": self.plan.says.spatial_uri}
        return found

    def _service(self) -> Node:
        return {
            "@id": f"{self.root}/catalog#service",
            "@type": "dcat:DataService",
            "dct:title": both("Indicators by request", "Truy vấn chỉ số"),
            "dct:description": both(
                "Values of single indicators, areas and periods, as they are or as they were known.",
                "Giá trị theo chỉ số, địa bàn và thời gian, theo hiện trạng hoặc theo thời điểm đã biết.",
            ),
            "dcat:endpointURL": {"@id": f"{self.base}/v1"},
            "dcat:endpointDescription": {"@id": f"{self.base}/openapi.json"},
            "dct:publisher": self._at("catalog#publisher"),
            "dct:license": {"@id": self.plan.licence_url},
            "dct:accessRights": public(),
            "dct:accrualPeriodicity": _CONTINUOUS,
            "dcat:contactPoint": self._contact(),
            "dcat:servesDataset": [self._at(each.code) for each in self._published() if each.indicators],
        }

    def _series(self, data_set: DataSet) -> list[Node]:
        """Return a data set as a series of its months (DCAT-AP 3, Dataset Series), and each month."""
        months = self.manifests[data_set.code].months
        versions = [version for all_ in months.values() for version in all_]
        series: Node = {
            **self._described(data_set),
            "@id": f"{self.root}/{data_set.code}",
            "@type": ["dcat:DatasetSeries", "dcat:Dataset"],
            "dct:title": both(data_set.title.en, data_set.title.vi),
            "dct:identifier": data_set.code,
            **dates([version.written_at for version in versions]),
        }
        series["dct:temporal"] = period(Month.parse(min(months)), Month.parse(max(months)))
        series["dcat:first"] = self._at(f"{data_set.code}/{min(months)}")
        series["dcat:last"] = self._at(f"{data_set.code}/{max(months)}")
        return [series, *(self._month(data_set, month, all_) for month, all_ in months.items())]

    def _month(self, data_set: DataSet, month: str, versions: Sequence[Version]) -> Node:
        current, title = versions[-1], data_set.title
        return {
            **self._described(data_set),
            "@id": f"{self.root}/{data_set.code}/{month}",
            "@type": "dcat:Dataset",
            "dct:title": both(f"{title.en}, {month}", f"{title.vi}, {month}"),
            "dct:identifier": f"{data_set.code}/{month}",
            "dct:temporal": period(Month.parse(month), Month.parse(month)),
            "dcat:inSeries": self._at(data_set.code),
            "dcat:version": str(current.version),
            "adms:versionNotes": both(current.reason.text_en, current.reason.text_vi),
            "dcat:distribution": [
                self._distribution(data_set, month, current, file)
                for file in current.files
                if file.media_type in _FILE_TYPES
            ],
            **dates([version.written_at for version in versions]),
        }

    def _described(self, data_set: DataSet) -> Node:
        return {
            "dct:description": both(data_set.description.en, data_set.description.vi),
            "dct:publisher": self._at("catalog#publisher"),
            "dcat:contactPoint": self._contact(),
            "dct:spatial": self._at("catalog#place"),
            "dct:language": _LANGUAGES,
            "dct:accrualPeriodicity": _MONTHLY,
            "dct:accessRights": public(),
            "dct:license": {"@id": self.plan.licence_url},
            "dcat:theme": concept(f"{EU}data-theme/{data_set.theme}", data_set.theme),
            "dcat:keyword": words(data_set.keywords_en, "en") + words(data_set.keywords_vi, "vi"),
            "dcat:landingPage": {"@id": f"{self.root}/{data_set.code}#files", "@type": "foaf:Document"},
            **provenance(data_set),
        }

    def _distribution(self, data_set: DataSet, month: str, version: Version, file: File) -> Node:
        address = f"{self.root}/files/{data_set.code}/{file.name}"
        found: Node = {
            "@id": f"{address}#distribution",
            "@type": "dcat:Distribution",
            "dct:title": both(f"{file.name}", f"{file.name}"),
            "dct:description": both(f"{data_set.title.en}, {month}", f"{data_set.title.vi}, {month}"),
            "dcat:accessURL": {"@id": f"{self.root}/{data_set.code}"},
            "dcat:downloadURL": {"@id": address},
            "dcat:mediaType": {"@id": f"{_IANA}{file.media_type}", "@type": "dct:MediaType"},
            "dct:format": {"@id": _FILE_TYPES[file.media_type], "@type": "dct:MediaTypeOrExtent"},
            "dcat:byteSize": {"@value": str(file.bytes), "@type": "xsd:nonNegativeInteger"},
            "dct:license": {"@id": self.plan.licence_url, "@type": "dct:LicenseDocument"},
            "dcatap:availability": concept(f"{EU}planned-availability/STABLE", "stable"),
            "spdx:checksum": {
                "@type": "spdx:Checksum",
                "spdx:algorithm": {"@id": "spdx:checksumAlgorithm_sha256", "@type": "spdx:ChecksumAlgorithm"},
                "spdx:checksumValue": {"@value": file.sha256, "@type": "xsd:hexBinary"},
            },
            **dates([version.written_at]),
        }
        if file.media_type == CSV:
            metadata = version.file(CSVW)
            schema = f"{self.root}/files/{data_set.code}/{metadata.name}"
            found["dct:conformsTo"] = {"@id": schema, "@type": "dct:Standard"}
        return found

    def _at(self, name: str) -> Node:
        return {"@id": f"{self.root}/{name}"}
