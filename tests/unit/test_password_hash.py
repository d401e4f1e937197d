from __future__ import annotations

import base64

import pytest

from devices.credentials import new_password, password_hash, password_matches


def test_the_form_is_mosquittos() -> None:
    empty, kind, iterations, salt, derived = password_hash("secret").split("$")
    assert (empty, kind, iterations) == ("", "7", "101")
    assert len(base64.b64decode(salt)) == 12
    assert len(base64.b64decode(derived)) == 64


def test_pbkdf2_hmac_sha512_test_vector() -> None:
    # The widely published PBKDF2-HMAC-SHA512 vector: "password", "salt", 1 round, 64 bytes.
    expected = bytes.fromhex(
        "867f70cf1ade02cff3752599a3a53dc4af34c7a669815ae5d513554e1c8cf252"
        "c02d470a285a0501bad999bfe943c08f050235d7d68b1da55e63f73b60a57fce"
    )
    hashed = password_hash("password", salt=b"salt", iterations=1)
    assert hashed == f"$7$1$c2FsdA==${base64.b64encode(expected).decode()}"


def test_two_hashes_of_one_password_differ_in_their_salt() -> None:
    assert password_hash("secret") != password_hash("secret")


@pytest.mark.parametrize("password", ["secret", "mật khẩu", "", "a:b$c"])
def test_only_the_right_password_matches(password: str) -> None:
    hashed = password_hash(password)
    assert password_matches(password, hashed)
    assert not password_matches(f"{password}x", hashed)


@pytest.mark.parametrize("hashed", ["", "secret", "$6$salt$hash", "$7$101$salt", "$7$1$a$b$c"])
def test_another_form_is_refused(hashed: str) -> None:
    with pytest.raises(ValueError, match="not of Mosquitto's form"):
        password_matches("secret", hashed)


def test_new_passwords_are_long_and_differ() -> None:
    assert len({new_password() for _ in range(100)}) == 100
    assert len(new_password()) >= 32
