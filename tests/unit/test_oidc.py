"""What the claims of a token mean, and which settings there are about them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from api.oidc.claims import LEEWAY_S, Meaning, TokenRefusedError, caller, find
from api.oidc.tokens import is_token
from api.rights import Right, Role
from runtime.environment import SettingsError
from runtime.settings import Settings

GOOD = {"sub": "5f1c", "exp": 1_800_000_000, "preferred_username": "minh", "roles": ["operator"]}
CONFINING = Meaning(areas="areas")


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("roles", ["operator"]),
        ("realm_access.roles", ["a", "b"]),
        ("resource_access.halong.roles", ["c"]),
        ("resource_access.city.halong.roles", ["d"]),
        ("https://city.example/roles", ["e"]),
        ("nothing", None),
        ("realm_access.nothing", None),
        ("roles.operator", None),
        ("preferred_username.x", None),
        ("realm_access.", None),
        (".", None),
    ],
)
def test_a_path_leads_inwards_and_a_name_with_dots_is_a_name_first(path: str, found: Any) -> None:
    claims = GOOD | {
        "realm_access": {"roles": ["a", "b"]},
        "resource_access": {"halong": {"roles": ["c"]}, "city.halong": {"roles": ["d"]}},
        "https://city.example/roles": ["e"],
    }
    assert find(claims, path) == found


def test_a_token_speaks_for_a_person() -> None:
    found = caller(GOOD, Meaning())
    assert (found.kind, found.id, found.name, found.who) == ("person", "5f1c", "minh", "person 5f1c")
    assert (found.role, found.areas, found.rate) == (Role.OPERATOR, None, None)
    assert found.expires == datetime.fromtimestamp(GOOD["exp"] + LEEWAY_S, UTC)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("roles", "told"),
    [
        (["planner", "operator", "offline_access"], "role operator"),
        (["operator", "installer", "planner"], "roles installer and operator"),
        (["installer", "admin", "public"], "role admin"),
        ("openid planner", "role planner"),
        (["offline_access", "Operator", "OPERATOR "], "role public"),
        ([], "role public"),
        ("", "role public"),
        (None, "role public"),
    ],
)
def test_of_several_roles_those_that_no_other_includes_and_unknown_ones_give_nothing(
    roles: Any, told: str
) -> None:
    assert caller(GOOD | {"roles": roles}, Meaning()).told_roles == told


def test_who_has_two_roles_may_what_each_may() -> None:
    found = caller(GOOD | {"roles": ["installer", "operator"]}, Meaning())
    assert (found.may(Right.OPERATE), found.may(Right.REGISTER), found.may(Right.ADMINISTER)) == (
        True,
        True,
        False,
    )


def test_roles_may_have_the_providers_names() -> None:
    settings = Settings(
        oidc_issuer="https://login.city.example/realms/city",
        oidc_role_claim="realm_access.roles",
        oidc_roles={"city-duty-desk": "operator", "city-it": "admin"},
    )
    meaning = Meaning.of(settings)
    for name, role in (("city-duty-desk", "operator"), ("admin", "public")):
        assert caller(GOOD | {"realm_access": {"roles": [name]}}, meaning).role == role


@pytest.mark.parametrize(
    ("areas", "reached"),
    [(["194", "193", "193"], ("193", "194")), ("193", ("193",)), ("*", None), (["193", "*"], None), ([], ())],
)
def test_areas_confine(areas: Any, reached: Any) -> None:
    assert caller(GOOD | {"areas": areas}, CONFINING).areas == reached


@pytest.mark.parametrize("role", ["planner", "installer", "operator"])
def test_where_tokens_confine_a_token_without_areas_is_refused(role: str) -> None:
    with pytest.raises(TokenRefusedError, match=r"no claim areas: codes of areas, or \* for all"):
        caller(GOOD | {"roles": [role]}, CONFINING)
    assert caller(GOOD | {"roles": [role]}, Meaning()).areas is None


def test_a_role_of_the_whole_city_is_not_confined() -> None:
    assert caller(GOOD | {"roles": ["admin"]}, CONFINING).areas is None
    assert caller(GOOD | {"roles": ["admin"], "areas": "*"}, CONFINING).areas is None
    with pytest.raises(TokenRefusedError, match="role admin, which is the whole city's, and the areas 193"):
        caller(GOOD | {"roles": ["admin", "operator"], "areas": ["193"]}, CONFINING)


@pytest.mark.parametrize("wrong", [7, {"operator": True}, [7], ["operator", None], True])
@pytest.mark.parametrize("claim", ["roles", "areas"])
def test_a_claim_of_another_form_is_refused(claim: str, wrong: Any) -> None:
    with pytest.raises(TokenRefusedError, match=f"claim {claim} is neither a text nor a list of texts"):
        caller(GOOD | {"areas": "193", claim: wrong}, CONFINING)


@pytest.mark.parametrize("subject", ["", "a" * 256, "a\nb", "\0"])
def test_a_subject_that_cannot_be_written_down_is_refused(subject: str) -> None:
    with pytest.raises(TokenRefusedError, match="subject"):
        caller(GOOD | {"sub": subject}, Meaning())


@pytest.mark.parametrize("name", [None, "", "  ", 7, ["minh"], "mi\nnh"])
def test_without_a_name_the_subject_is_shown(name: Any) -> None:
    assert caller(GOOD | {"preferred_username": name}, Meaning()).name == "5f1c"


@pytest.mark.parametrize("exp", [1e300, 10**20, float("inf")])
def test_a_token_may_be_valid_for_ever(exp: float) -> None:
    assert caller(GOOD | {"exp": exp}, Meaning()).expires == datetime.max.replace(tzinfo=UTC)


def test_no_key_has_the_form_of_a_token() -> None:
    assert is_token("a.b.c")
    assert not is_token("halong_1a2b3c4d_" + "a" * 43)
    assert not is_token("a.b.c.d.e")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"oidc_issuer": "http://login.city.example"}, "by https alone"),
        ({"oidc_issuer": "login.city.example"}, "String should match"),
        ({"oidc_issuer": "https://x/?a=b"}, "String should match"),
        ({"oidc_area_claim": "areas", "oidc_audience": "x"}, "HALONG_OIDC_AREA_CLAIM, HALONG_OIDC_AUDIENCE"),
    ],
)
def test_settings_that_cannot_be(wrong: dict[str, str], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Settings.model_validate(wrong)


def test_an_unknown_role_in_the_settings_is_told() -> None:
    settings = Settings(oidc_issuer="https://x.example", oidc_roles={"boss": "ruler"})
    with pytest.raises(SettingsError, match="HALONG_OIDC_ROLES: there is no role 'ruler': use public, pl"):
        Meaning.of(settings)


def test_a_copy_of_settings_without_an_issuer_is_as_good_as_they_are() -> None:
    given = Settings(api_port=8001)
    assert Settings.model_validate(given.model_dump() | {"api_port": 8002}).api_port == 8002
