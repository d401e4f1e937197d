"""Settings of log-in by OpenID Connect: whose tokens are believed, and what their claims mean."""

from __future__ import annotations

from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, StringConstraints, field_validator, model_validator
from pydantic_settings import BaseSettings

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
#: kept as it is written: tokens must name it to the letter (OpenID Connect Core, 3.1.3.7)
IssuerUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^\s?#/]+(/[^\s?#]*)?$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class OidcSettings(BaseSettings):
    """A part of `runtime.settings.Settings`."""

    oidc_issuer: IssuerUrl | None = Field(
        default=None, description="OpenID provider whose tokens are believed, exactly as its tokens name it."
    )
    oidc_audience: Name = Field(
        default="halong", description="What a token must name as its audience (aud) to be for this API."
    )
    oidc_role_claim: Name = Field(
        default="roles", description="Claim with a person's roles; dots lead inwards: realm_access.roles."
    )
    oidc_roles: dict[str, str] = Field(
        default={}, description="Roles by the provider's names for them, as JSON; default: the same names."
    )
    oidc_area_claim: Name | None = Field(
        default=None,
        description="Claim with the codes of a person's areas, or *; not set: everyone's is the whole city.",
    )
    oidc_name_claim: Name = Field(
        default="preferred_username", description="Claim with the name that histories show; else it is sub."
    )

    oidc_client_id: Name | None = Field(
        default=None, description="What the provider knows the console by; not set: log-in by key alone."
    )
    oidc_client_secret: SecretStr | None = Field(
        default=None, description="The console's secret at the provider; not set: a public client."
    )
    oidc_scope: Name = Field(default="openid profile", description="What the console asks the provider for.")
    oidc_session_hours: int = Field(
        default=12, ge=1, le=720, description="Hours after which people log in at the console again."
    )

    @field_validator("oidc_issuer")
    @classmethod
    def _is_not_read_along(cls, url: str | None) -> str | None:
        """Refuse plain HTTP to another machine: who is on the way could sign tokens."""
        if url and url.startswith("http:") and urlsplit(url).hostname not in _LOOPBACK:
            raise ValueError("an issuer on another machine is reached by https alone")
        return url

    @model_validator(mode="after")
    def _claims_have_an_issuer(self) -> Self:
        """Refuse claims without an issuer: they would seem to do something."""
        # A default that a copy of the settings repeats is not given.
        given = [
            name
            for name, field in sorted(OidcSettings.model_fields.items())
            if getattr(self, name) != field.get_default(call_default_factory=True)
        ]
        if self.oidc_issuer is None and given:
            names = ", ".join(f"HALONG_{name.upper()}" for name in given)
            raise ValueError(f"{names} without HALONG_OIDC_ISSUER: set that too")
        if self.oidc_client_id == self.oidc_audience:
            # Or a token that says who has logged in would be one that opens the API.
            raise ValueError("HALONG_OIDC_CLIENT_ID is HALONG_OIDC_AUDIENCE: give the API a name of its own")
        return self
