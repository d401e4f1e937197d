"""/v1/enrolments, which asks for no key, and the tokens that it takes."""

import asyncio
from datetime import timedelta
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Depends, Request, Response

from api.openapi import example
from api.parameters import Connection, not_found, now
from api.problems import Problem
from api.queries import gateways as queries
from api.rates import Quota, client_of, is_local
from api.routers.gateways import Code
from api.schemas import enrolments as schemas
from api.security import Name
from api.writing import Writing
from devices.authority import GATEWAY_DAYS, Authority, AuthorityError, certificate_pem, requested_key
from devices.authority_files import AuthorityFolder
from devices.certificates import certify
from devices.enrolment import EnrolmentError, create_token, redeem
from devices.identities import UnknownGatewayError, set_password
from devices.qr import svg
from runtime.settings import Settings

router = APIRouter(prefix="/v1", tags=["gateways"])
open_router = APIRouter(prefix="/v1", tags=["gateways"])

#: the registered port of MQTT over TLS
_MQTTS: Final = 8883
#: of one address, this machine's too: an installer has one gateway in hand
_QUOTA: Final = Quota("enrolment", 30)


def _require_https(request: Request, address: str) -> None:
    if request.url.scheme != "https" and not is_local(address):
        raise Problem(
            "https-needed",
            "nothing is told over plain http, and the token is known to the network now: ask for another, "
            "and send it to the https address",
        )


def _require_quota(request: Request, address: str) -> None:
    taken = request.app.state.enrolments.take(client_of(address), _QUOTA)
    if not taken.allowed:
        raise Problem(
            "too-many-requests",
            f"{_QUOTA.requests} enrolments a minute are allowed to one address: "
            f"ask again in {taken.reset_s} s",
            headers={"Retry-After": str(taken.reset_s)},
        )


def _asker(request: Request) -> str:
    """Return the address that asks, before anything of the database is taken for it."""
    address = request.client.host if request.client else ""
    _require_https(request, address)
    _require_quota(request, address)
    return address


Asker = Annotated[str, Depends(_asker)]


@router.post(
    "/gateways/{code}/enrolment-tokens",
    operation_id="createEnrolmentToken",
    summary="Let a gateway enrol",
    status_code=201,
    response_model=schemas.EnrolmentToken,
    responses=example(schemas.TOKEN, status=201),
)
async def create_enrolment_token(
    *,
    request: Request,
    response: Response,
    code: Code,
    wish: Annotated[schemas.TokenWish, Body(default_factory=schemas.TokenWish)],
    who: Name,
    conn: Writing,
) -> Any:
    """Make a one-time token, and its QR code, for who installs the gateway; one that it had ends."""
    if "\0" in code or await queries.gateway(conn, code) is None:
        raise await not_found(conn, "gateway", code)
    lasts = timedelta(hours=wish.hours)
    try:
        token = await create_token(conn, code, at=now(), lasts=lasts, by=who)
    except (EnrolmentError, UnknownGatewayError) as error:
        raise Problem("conflict", str(error)) from None
    response.headers["Cache-Control"] = "no-store"
    url = token.address(_own_address(request))
    return {"gateway": code, "token": token.text, "expires_at": token.expires_at, "url": url, "qr": svg(url)}


@open_router.post(
    "/enrolments",
    operation_id="enrol",
    summary="Enrol a gateway",
    status_code=201,
    response_model=schemas.Credential,
    responses=example(schemas.CREDENTIAL, status=201),
)
async def enrol(
    *, request: Request, response: Response, sent: schemas.Enrolment, address: Asker, conn: Writing
) -> Any:
    """Exchange a one-time token for the gateway's password, or with a request for a certificate. No key.

    A password takes the place of those that the gateway had. Over https, or from the API's own machine.
    """
    settings: Settings = request.app.state.settings
    authority = None if sent.csr is None else await asyncio.to_thread(_authority, settings)

    give = partial(_certificate, conn, authority, sent.csr or "") if authority else partial(_password, conn)
    try:
        given = await redeem(conn, sent.token, at=now(), address=address, give=give)
    except (EnrolmentError, AuthorityError, UnknownGatewayError) as error:
        raise Problem("enrolment-refused", str(error)) from None
    response.headers["Cache-Control"] = "no-store"
    return given | {"ca": _ca(settings), "broker": _broker(settings, by_certificate=authority is not None)}


async def _password(conn: Connection, code: str) -> dict[str, Any]:
    password = await set_password(conn, code)
    return {"gateway": code, "user_name": code, "password": password, "certificate": None}


async def _certificate(conn: Connection, authority: Authority, csr: str, code: str) -> dict[str, Any]:
    key = requested_key(csr, code)
    made = await certify(conn, authority, code, key, at=now(), days=GATEWAY_DAYS, by="enrolment")
    return {"gateway": code, "user_name": code, "password": None, "certificate": certificate_pem(made)}


def _authority(settings: Settings) -> Authority:
    """Return the authority that signs here.

    Raises:
        Problem: there is none.
    """
    folder = AuthorityFolder(settings.authority_folder)
    if settings.ca_passphrase is None or not folder.exists:
        raise Problem(
            "conflict",
            "this API signs no certificates: enrol without a request, for a password, or give the request to "
            "the operator (`halong ca issue CODE --csr`)",
        )
    return folder.open(settings.require_ca_passphrase())


def _ca(settings: Settings) -> str | None:
    folder = AuthorityFolder(settings.authority_folder)
    if folder.exists:
        return folder.root_pem()
    return settings.mqtt_ca_file.read_text() if settings.mqtt_ca_file else None


def _broker(settings: Settings, *, by_certificate: bool) -> str | None:
    url = settings.gateway_certificate_mqtt_url if by_certificate else settings.gateway_mqtt_url
    return None if url is None else f"{url.scheme}://{url.host}:{url.port or _MQTTS}"


def _own_address(request: Request) -> str:
    configured: Settings = request.app.state.settings
    return str(configured.public_url or request.base_url)
