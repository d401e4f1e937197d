"""The words around an indicator in Vietnamese and English: for the catalogue and for explanations."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from analytics.indicator import Trust
    from analytics.steps import Step
    from analytics.texts import Text


class Language(StrEnum):
    """A language of the catalogue."""

    VI = "vi"
    EN = "en"


_COMMAND: Final = "`halong indicators docs --write docs/indicators`"
_GENERATED_VI: Final = (
    f"Trang này được tạo từ khai báo trong mã nguồn bằng {_COMMAND}; hãy sửa khai báo, không sửa trang. "
    "Tên chỉ số của các chuẩn quốc tế và trường hợp của ví dụ tính giữ nguyên tiếng Anh."
)
_GENERATED_EN: Final = (
    f"This page is made from the declarations in the code by {_COMMAND}: change a declaration, not the page."
)

#: key -> (Vietnamese, English)
WORDS: Final[dict[str, tuple[str, str]]] = {
    "property": ("thuộc tính", "property"),
    "meaning": ("nội dung", "meaning"),
    "unit": ("đơn vị", "unit"),
    "unit_none": ("số không có đơn vị", "a number without a unit"),
    "period": ("kỳ tính", "period"),
    "inputs": ("đại lượng đầu vào", "inputs"),
    "of": ("tính từ chỉ số", "made of"),
    "activity": ("số quan trắc của mọi luồng dữ liệu", "counts of the observations of all datastreams"),
    "window": ("dữ liệu dùng đến", "data used"),
    "window_before_end": ("{length} trước khi kỳ kết thúc", "{length} up to the end of the period"),
    "completeness": ("mức đủ dữ liệu", "completeness"),
    "min_completeness": ("mức đủ dữ liệu tối thiểu", "minimum completeness"),
    "none": ("không", "none"),
    "area_rule": ("quy tắc cho địa bàn", "area rule"),
    "decimals": ("số chữ số thập phân", "decimals"),
    "half_up": ("{n}, làm tròn nửa lên", "{n}, halves rounded up"),
    "version": ("phiên bản công thức", "formula version"),
    "valid": ("hiệu lực của quy định", "rule in force"),
    "valid_always": ("mọi ngày", "on every day"),
    "since": ("từ {day}", "from {day}"),
    "until": ("đến trước {day}", "until the day before {day}"),
    "source": ("nguồn", "source"),
    "trust": ("mức kiểm chứng", "how far it could be checked"),
    "note": ("ghi chú", "note"),
    "how": ("Cách tính", "How it is computed"),
    "categories": ("Phân loại", "Categories"),
    "category": ("loại", "category"),
    "name_vi": ("tiếng Việt", "Vietnamese"),
    "name_en": ("tiếng Anh", "English"),
    "name": ("tên", "name"),
    "colour": ("màu", "colour"),
    "from_value": ("từ giá trị", "from"),
    "by_date": ("theo giới hạn của ngày", "by the limit of the day"),
    "by_rule": ("theo quy tắc của chỉ số này", "by the rule of the indicator"),
    "limits": ("Giới hạn theo ngày hiệu lực", "Limits by date"),
    "first_day": ("từ ngày", "from the day"),
    "limit": ("giới hạn", "limit"),
    "crosswalk": ("Tương ứng với chuẩn khác", "Answers in other standards"),
    "standard": ("chuẩn", "standard"),
    "clause": ("mục", "clause"),
    "examples": ("Ví dụ tính", "Worked examples"),
    "case": ("trường hợp", "case"),
    "given": ("cho trước", "given"),
    "expected": ("kết quả phải có", "expected"),
    "ours": ("halong tính", "ours"),
    "agrees": ("khớp", "agrees"),
    "yes": ("có", "yes"),
    "no": ("KHÔNG", "NO"),
    "says": ("theo", "says"),
    "index": ("Danh mục chỉ số", "Catalogue of indicators"),
    "indicator": ("chỉ số", "indicator"),
    "code": ("mã", "code"),
    "other_language": ("English", "Tiếng Việt"),
    "generated": (_GENERATED_VI, _GENERATED_EN),
    # explanations
    "area": ("địa bàn", "area"),
    "value": ("giá trị", "value"),
    "revision": ("bản", "revision"),
    "revisions": ("Các bản đã lưu", "Stored revisions"),
    "reason": ("lý do", "reason"),
    "computed_at": ("tính lúc", "computed at"),
    "superseded_at": ("được thay lúc", "superseded at"),
    "current": ("đang hiệu lực", "in force"),
    "in_force_as_of": ("đã biết lúc {time}: bản {n}", "as of {time}: revision {n}"),
    "not_stored": ("chưa lưu giá trị nào cho kỳ này", "no value is stored for this period"),
    "not_known": ("lúc {time} chưa có giá trị nào", "nothing was known at {time}"),
    "recomputed": ("Tính lại từ số liệu gốc", "Recomputed from the observations"),
    "equal": ("{value}, đúng bằng giá trị đã lưu", "{value}, equal to the stored value"),
    "differs": ("{value}, KHÁC giá trị đã lưu {stored}", "{value}, NOT the stored value {stored}"),
    "stations": ("Trạm", "Stations"),
    "station": ("trạm", "station"),
    "input": ("đầu vào", "input"),
    "good": ("tốt", "good"),
    "suspect": ("nghi ngờ", "suspect"),
    "flagged": ("bị gắn cờ", "flagged"),
    "expected_values": ("phải có", "expected"),
    "hours": ("số giờ", "hours"),
    "first": ("đầu tiên", "first"),
    "last": ("cuối cùng", "last"),
    "missing": ("Thiếu", "Missing"),
    "numbers": ("các số trung gian", "intermediate numbers"),
    "rule": ("Quy định", "Rule"),
    "parts": ("Các kỳ thành phần", "Made of"),
    "parts_agree": ("{n} trong {total} kỳ thành phần khớp", "{n} of {total} agree"),
    "limits_in_force": ("giới hạn của ngày {day}", "limit on {day}"),
    "label": ("nhãn", "label"),
    "measured_from": ("dùng số đo từ {time}", "measured from {time}"),
    "cite_as": ("trích dẫn", "cite as"),
    "given_values": ("cho trước", "given"),
}

_PERIODS: Final = {
    "PT10M": ("10 phút", "10 minutes"),
    "PT15M": ("15 phút", "15 minutes"),
    "PT1H": ("1 giờ", "1 hour"),
    "P1D": ("1 ngày", "1 day"),
    "P1M": ("1 tháng", "1 month"),
    "P1Y": ("1 năm", "1 year"),
}


def word(key: str, language: Language, **places: object) -> str:
    """Return the words of a key with its places filled in.

    Raises:
        KeyError: there is no such key, or a place is not given.
    """
    return _of(WORDS[key], language).format(**places)


def said(text: Text, language: Language) -> str:
    """Return what a declaration says in a language."""
    return text.vi if language is Language.VI else text.en


def trust(how_far: Trust, language: Language) -> str:
    """Return how far a rule's wording could be checked."""
    return said(how_far.text, language)


def period(step: Step, language: Language) -> str:
    """Return the length of a step in words."""
    return _of(_PERIODS[step.iso], language)


def _of(pair: tuple[str, str], language: Language) -> str:
    return pair[0] if language is Language.VI else pair[1]
