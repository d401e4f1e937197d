"""Secrets that halong gives out, and what it keeps of them.

Of keys, tokens and sessions that is a SHA-256; of gateways' passwords what Mosquitto's password file holds:
PBKDF2-HMAC-SHA512 in its `$7$` form.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import Final

ITERATIONS: Final = 101
"""Mosquitto's own default. It hashes at every CONNECT in its only thread, so more would cost connections;
what protects halong's passwords is their length (`new_password`), not the work of guessing them."""

_SALT_BYTES: Final = 12
_HASH_BYTES: Final = 64


def new_password() -> str:
    """Return a random password of 192 bits in characters that are safe in a URL."""
    return secrets.token_urlsafe(24)


def secret_hash(secret: str) -> bytes:
    """Return the SHA-256 (32 bytes) of a random secret: one that is too long to be guessed needs no salt."""
    return hashlib.sha256(secret.encode()).digest()


def password_hash(password: str, *, salt: bytes | None = None, iterations: int = ITERATIONS) -> str:
    """Return `$7$iterations$salt$hash` (both base64), the form that `mosquitto_passwd` writes.

    Args:
        password: taken as UTF-8.
        salt: 12 random bytes unless given.
        iterations: rounds of PBKDF2, at least 1.
    """
    salt = secrets.token_bytes(_SALT_BYTES) if salt is None else salt
    derived = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, iterations, _HASH_BYTES)
    return f"$7${iterations}${base64.b64encode(salt).decode()}${base64.b64encode(derived).decode()}"


def password_matches(password: str, hashed: str) -> bool:
    """Tell whether `hashed` was made from `password`.

    Raises:
        ValueError: `hashed` is not of the form `$7$iterations$salt$hash`.
    """
    empty, kind, iterations, salt, _ = (*hashed.split("$"), *[""] * 5)[:5]
    if empty or kind != "7" or hashed.count("$") != 4:
        raise ValueError(f"Password hash {hashed[:4]!r}… is not of Mosquitto's form $7$iterations$salt$hash")
    computed = password_hash(password, salt=base64.b64decode(salt), iterations=int(iterations))
    return hmac.compare_digest(computed, hashed)
