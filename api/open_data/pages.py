"""The pages of open data, in Vietnamese and English, without any request elsewhere. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from analytics.texts import Text
from api.open_data.csvw import datatype, table_of
from api.open_data.words import Language, words
from api.open_data.writing import CSV, PARQUET

if TYPE_CHECKING:
    from analytics.indicator import Indicator
    from api.open_data.catalogue import Catalogue
    from api.open_data.data_sets import DataSet
    from api.open_data.manifest import Manifest, Version

_MB: Final = 1e6
_TEMPLATES: Final = Environment(
    loader=PackageLoader("api.open_data"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def index_page(catalogue: Catalogue, language: Language) -> str:
    """Return the page that lists the data sets."""
    data_sets = [
        {
            "code": each.code,
            "title": _in(each.title, language),
            "description": _in(each.description, language),
            "months": len(found := catalogue.manifests[each.code].months),
            "newest": max(found, default=None),
        }
        for each in catalogue.plan.data_sets.values()
    ]
    return _rendered("index.html", catalogue, language, data_sets=data_sets)


def data_set_page(catalogue: Catalogue, code: str, language: Language) -> str:
    """Return the page of a data set: what it is, its files, its schema, how to cite and use it."""
    data_set, manifest = catalogue.plan.data_sets[code], catalogue.manifests[code]
    newest = max(manifest.months, default=None)
    return _rendered(
        "data_set.html",
        catalogue,
        language,
        data_set=data_set,
        title=_in(data_set.title, language),
        description=_in(data_set.description, language),
        keywords=data_set.keywords_vi if language is Language.VI else data_set.keywords_en,
        months=_months(manifest, language),
        period=f"{min(manifest.months)} – {newest}" if newest else "–",
        step=_shortest(data_set),
        columns=_columns(data_set, language),
        members=_members(data_set, language),
        newest=_newest(manifest, newest),
        example=_example(data_set),
        smallest=catalogue.plan.smallest_cell,
    )


def _rendered(name: str, catalogue: Catalogue, language: Language, **more: Any) -> str:
    plan = catalogue.plan
    return _TEMPLATES.get_template(name).render(
        lang=language,
        other=Language.EN if language is Language.VI else Language.VI,
        w=words(language),
        city=_in(plan.city, language),
        publisher=plan.publisher.name_vi if language is Language.VI else plan.publisher.name_en,
        agent=plan.publisher,
        licence=plan.says.licence,
        licence_url=plan.licence_url,
        settle_days=plan.settle_days,
        base=catalogue.base,
        root=catalogue.root,
        **more,
    )


def _in(text: Text, language: Language) -> str:
    return text.vi if language is Language.VI else text.en


def _months(manifest: Manifest, language: Language) -> list[dict[str, Any]]:
    return [
        {
            "month": month,
            "current": _version(versions[-1], language),
            "earlier": [_version(each, language) for each in reversed(versions[:-1])],
        }
        for month, versions in reversed(manifest.months.items())
    ]


def _version(version: Version, language: Language) -> dict[str, Any]:
    return {
        "number": version.version,
        "rows": version.rows,
        "suppressed": version.suppressed,
        "provisional": version.provisional,
        "reason": version.reason.text_vi if language is Language.VI else version.reason.text_en,
        "as_of": version.as_of.strftime("%Y-%m-%d %H:%M UTC"),
        "year": version.written_at.year,
        "files": [
            {
                "name": file.name,
                "label": {CSV: "CSV", PARQUET: "Parquet"}.get(file.media_type, "CSVW"),
                "size": _size(file.bytes),
                "sha256": file.sha256,
            }
            for file in version.files
        ],
    }


def _size(size: int) -> str:
    return f"{size / _MB:.1f} MB" if size >= _MB / 10 else f"{size / 1000:.1f} kB"


def _shortest(data_set: DataSet) -> str:
    if not data_set.indicators:
        return "PT1H"
    return min(data_set.indicators, key=lambda each: each.step.length).step.iso


def _columns(data_set: DataSet, language: Language) -> list[dict[str, str]]:
    return [
        {
            "name": each.name,
            "type": datatype(each),
            "title": each.vi if language is Language.VI else each.en,
            "description": each.description_vi if language is Language.VI else each.description,
        }
        for each in table_of(data_set).shown
    ]


def _members(data_set: DataSet, language: Language) -> list[dict[str, str]]:
    is_vi = language is Language.VI
    return [
        {
            "code": each.code,
            "name": each.name_vi if is_vi else each.name_en,
            "unit": each.unit,
            "step": each.step.iso,
            "source": _in(_rule(each), language),
        }
        for each in data_set.indicators
    ] + [
        {
            "code": each.code,
            "name": each.name_vi if is_vi else each.name_en,
            "unit": each.unit,
            "step": "PT1H",
            "source": "–",
        }
        for each in data_set.properties
    ]


def _rule(indicator: Indicator) -> Text:
    """Return where an indicator's rule stands, and how one value of an area is made of its stations'."""
    clause, area = indicator.source.cited, indicator.area_rule
    return Text(f"{clause.en}; area: {area.en}", f"{clause.vi}; khu vực: {area.vi}")


def _newest(manifest: Manifest, month: str | None) -> dict[str, Any] | None:
    """Return what the newest month is cited and read by."""
    version = manifest.current(month) if month else None
    if version is None:
        return None
    return {
        "month": month,
        "version": version.version,
        "year": version.written_at.year,
        "csv": version.file(CSV).name,
        "parquet": version.file(PARQUET).name,
    }


def _example(data_set: DataSet) -> str | None:
    """Return an indicator whose values are open by request, too."""
    return None if data_set.counts_people or not data_set.indicators else data_set.indicators[0].code
