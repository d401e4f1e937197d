"""Whether a list of revoked certificates that was signed before still says what it should."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from devices.authority import Revoked


def lists(crl: str, root: x509.Certificate, revoked: Iterable[Revoked], *, until: datetime) -> bool:
    """Tell whether a list (PEM) is signed by this root, of just these certificates, and valid until then."""
    try:
        found = x509.load_pem_x509_crl(crl.encode())
    except ValueError:
        return False
    key = root.public_key()
    return (
        isinstance(key, ec.EllipticCurvePublicKey)
        and found.is_signature_valid(key)
        and found.next_update_utc is not None
        and found.next_update_utc > until
        and {(each.serial_number, _reason(each)) for each in found}
        == {(each.serial, each.reason) for each in revoked}
    )


def _reason(entry: x509.RevokedCertificate) -> str:
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value
    except x509.ExtensionNotFound:
        return x509.ReasonFlags.unspecified.value
