"""The words of the pages in Vietnamese and English."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Language(StrEnum):
    """A language of the pages."""

    VI = "vi"
    EN = "en"


#: key -> (Vietnamese, English)
_WORDS: Final[dict[str, tuple[str, str]]] = {
    "open_data": ("Dữ liệu mở", "Open data"),
    "about": (
        "Tệp dữ liệu hằng tháng, dùng tự do theo giấy phép bên dưới, không cần khóa truy cập.",
        "Monthly files for everybody, free to use under the licence below, without a key.",
    ),
    "data_sets": ("Bộ dữ liệu", "Data sets"),
    "data_set": ("Bộ dữ liệu", "Data set"),
    "months": ("Số tháng", "Months"),
    "newest": ("Mới nhất", "Newest"),
    "none_yet": ("chưa công bố", "none yet"),
    "catalogue": ("Danh mục cho máy đọc (DCAT-AP 3)", "Catalogue for machines (DCAT-AP 3)"),
    "publisher": ("Cơ quan công bố", "Publisher"),
    "contact": ("Liên hệ", "Contact"),
    "licence": ("Giấy phép", "Licence"),
    "frequency": ("Tần suất cập nhật", "Update frequency"),
    "monthly": ("hằng tháng, {days} ngày sau khi tháng kết thúc", "monthly, {days} days after a month's end"),
    "access": ("Quyền truy cập", "Access"),
    "public": ("công khai", "public"),
    "coverage": ("Phạm vi", "Coverage"),
    "period": ("Thời gian", "Period"),
    "steps": ("Kỳ số liệu ngắn nhất", "Shortest step"),
    "keywords": ("Từ khóa", "Keywords"),
    "files": ("Tệp", "Files"),
    "month": ("Tháng", "Month"),
    "rows": ("Số dòng", "Rows"),
    "version": ("Bản", "Version"),
    "why": ("Lý do", "Why"),
    "provisional": ("tạm thời", "provisional"),
    "suppressed": ("không công bố", "suppressed"),
    "as_of": ("theo số liệu lúc", "as of"),
    "checksums": ("Mã kiểm tra SHA-256", "Checksums (SHA-256)"),
    "earlier": ("Các bản trước", "Earlier versions"),
    "schema": ("Cấu trúc", "Schema"),
    "column": ("Cột", "Column"),
    "type": ("Kiểu", "Type"),
    "meaning": ("Nội dung", "Meaning"),
    "indicators": ("Chỉ số", "Indicators"),
    "properties": ("Đại lượng", "Observed properties"),
    "code": ("Mã", "Code"),
    "name": ("Tên", "Name"),
    "unit": ("Đơn vị", "Unit"),
    "source": ("Nguồn quy định", "Rule and clause"),
    "cite": ("Cách trích dẫn", "How to cite"),
    "use": ("Cách dùng", "How to use"),
    "api": ("Theo truy vấn", "By request"),
    "manifest": ("Mọi bản và mã kiểm tra (manifest.json)", "All versions and checksums (manifest.json)"),
    "retrieved": ("truy cập ngày …", "retrieved on …"),
    "other_language": ("English", "Tiếng Việt"),
    "small_cells": (
        (
            "Số đếm dưới {n} người không được công bố (suppressed = true), cùng những số khác có thể làm lộ "
            "chúng. Không có bước ngắn hơn một giờ và không có số năm: cộng các tháng lại."
        ),
        (
            "Counts of fewer than {n} people are not published (suppressed = true), nor others that would "
            "give them away. There are no steps under an hour, and no years: add up the months."
        ),
    ),
    "hourly": ("giá trị từng giờ theo thiết bị", "hourly values by device"),
    "no_files": ("Chưa có tháng nào được công bố.", "No month is published yet."),
}


def words(language: Language) -> dict[str, str]:
    """Return every word of a language by its key."""
    return {key: vi if language is Language.VI else en for key, (vi, en) in _WORDS.items()}
