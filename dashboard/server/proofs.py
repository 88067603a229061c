"""Proof of the sign-in: what lets an account, and nobody else, book decisions under its name.

A page knows the account from the sign-in, a route only what a browser sends. So the page hands the deck a proof signed
with the secret of the sign-in's own cookie, every decision carries it, and the routes take the name from there. Without
a sign-in (no [auth] in secrets.toml) there are no proofs, and the name is what was typed.
"""

from __future__ import annotations

import hashlib

import streamlit as st
from itsdangerous import BadSignature, SignatureExpired, TimestampSigner, URLSafeTimedSerializer

from analysis.base.errors import UserError

VALID = 12 * 3600  # seconds; an open page gets a new one long before, so an account that was closed stops soon
STEP = 3600  # seconds; a proof is the same for so long: with every change of the page's data all of it is sent again
SALT = "lookalike.decisions"  # keys are derived with it: Streamlit's cookie is no proof, and a proof is no cookie
ANEW = "sign in anew with that account and it is booked"


class Unproven(UserError):
    """A decision under an account whose proof is missing, forged, of another account or too old. It may come again."""


class _ByTheHour(TimestampSigner):
    def get_timestamp(self) -> int:
        return super().get_timestamp() // STEP * STEP


def issue(workspace: str, account: str) -> str | None:
    """The proof that `account` is signed in, for one workspace (its key in addresses); None without a sign-in.

    Only for the account that the sign-in named: whoever holds it can book under that account.
    """
    secret = _secret()
    return None if secret is None else _signing(secret).dumps([workspace, account])


def proven(workspace: str, name: str, proof: str) -> str:
    """`name`, if it may be booked under: without a sign-in any, else the account that the proof was issued for.

    Raises Unproven where the proof does not say so.
    """
    secret = _secret()
    if secret is None:
        return name
    who = name[:80]
    if not proof:
        raise Unproven(f"Nothing proves that {who} made this", hint=ANEW)
    try:
        of, account = _signing(secret).loads(proof, max_age=VALID)
    except SignatureExpired as error:
        raise Unproven(f"The sign-in of {who} was confirmed too long ago", hint=ANEW) from error
    except (BadSignature, ValueError, TypeError) as error:
        raise Unproven(f"The proof that {who} made this is not known here", hint=ANEW) from error
    if (of, account) != (workspace, name):
        raise Unproven(f"The proof with it is not that {who} made this here", hint=ANEW)
    return str(account)


def has_sign_in() -> bool:
    """Is a sign-in set up?"""
    return _secret() is not None


def _signing(secret: str) -> URLSafeTimedSerializer:
    """Signs and checks in constant time; the key is HMAC-SHA256(secret, salt)."""
    how = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
    return URLSafeTimedSerializer(secret, salt=SALT, signer=_ByTheHour, signer_kwargs=how)


def _secret() -> str | None:
    """What Streamlit signs the cookie of the sign-in with; None where no sign-in is set up."""
    if not st.secrets.load_if_toml_exists():
        return None
    auth = st.secrets.get("auth")
    return str(auth.get("cookie_secret") or st.get_option("server.cookieSecret")) if auth else None
