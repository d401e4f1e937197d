"""The crosswalk to other catalogues: every subject is there, and says how far it can be trusted."""

from __future__ import annotations

import pytest

from analytics.crosswalk import ISO_37120, ISO_37122, PROVENANCE, SUBJECTS, crosswalk
from analytics.indicator import INDICATORS, Trust


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_entry_is_whole(subject: str) -> None:
    for entry in crosswalk(subject):
        assert entry.standard in PROVENANCE
        assert entry.clause
        assert entry.name


def test_no_clause_of_an_unread_standard_is_trusted() -> None:
    entries = [e for subject in SUBJECTS for e in crosswalk(subject) if e.standard in {ISO_37120, ISO_37122}]
    assert len(entries) > 20
    assert {e.trust for e in entries} == {Trust.RECALLED}


def test_codes_that_were_read_are_told_apart() -> None:
    read = {(e.clause, e.name) for s in SUBJECTS for e in crosswalk(s) if e.trust is Trust.STANDARD}
    assert read == {
        ("EN: EN: AQ: 1C", "Air Pollution"),
        ("EC: ICT: T: 2C", "Traffic Monitoring"),
        ("EC: ICT: T: 3A", "Intersection Control"),
        ("EC: ICT: ES: 1C", "Smart Electricity Meters"),
        ("EC: ICT: PS: 1A", "Open Data"),
    }


def test_an_unknown_subject_is_named() -> None:
    with pytest.raises(KeyError, match="no crosswalk for 'space': choose from air"):
        crosswalk("space")


def test_a_declaration_carries_its_equivalents() -> None:
    written = INDICATORS["open_data_share"].declaration()["crosswalk"]
    assert [entry["clause"] for entry in written] == ["5.1", "10.1", "EC: ICT: PS: 1A"]
