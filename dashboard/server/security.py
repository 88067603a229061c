"""Who may ask, and what a page may load: host and origin checks, the token, the security headers."""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import re
import secrets
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

TOKEN = secrets.token_urlsafe(32)  # new in every process: a page of an earlier one learns it when it reconnects
TOKEN_HEADER = "x-lookalike-token"  # noqa: S105  # the name of a header

_EARS = Path(__file__).parents[1] / "components" / "image_opener" / "ears.js"
_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def token_fits(given: str) -> bool:
    """Is this the token of this process? Compared in constant time."""
    return hmac.compare_digest(given.encode(), TOKEN.encode())


def host_name(host: str) -> str:
    """The name in a Host header, lower case, without port and brackets; '' when it is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def host_allowed(host: str, extra: Sequence[str] = ()) -> bool:
    """May a request name this host?

    Names other than localhost must be listed in `server.allowedHosts`: a foreign name that resolves to this machine
    (DNS rebinding) would otherwise make another site's page our own origin. Addresses cannot be rebound.
    """
    name = host_name(host)
    if not name:
        return False
    if name == "localhost" or name.endswith(".localhost") or name in {host_name(entry) for entry in extra}:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def same_origin(headers: Headers) -> bool:
    """Does a request that changes something come from our own page? A missing Origin header is a no."""
    origin = headers.get("origin", "")
    if headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return False
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.netloc != "" and parts.netloc == headers.get("host")


def foreign_embed(headers: Headers) -> bool:
    """Does the browser say that a page of another site asks for this image?"""
    return headers.get("sec-fetch-site", "none") not in ("same-origin", "none")


def policy() -> str:
    """The content security policy: everything from here; `blob:` scripts are Streamlit's inline components."""
    return "; ".join(
        (
            "default-src 'self'",
            # Plotly's WebGL scatter makes its functions with new Function and draws nothing without 'unsafe-eval'
            "script-src 'self' blob: 'unsafe-eval' " + " ".join(_inline_hashes()),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "frame-src 'self' blob: data:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'self'",
        )
    )


def _inline_hashes() -> list[str]:
    """Hashes of our inline script and of those in Streamlit's own start page, so that no other one may run."""
    page = Path(st.__file__).parent / "static" / "index.html"
    scripts = _INLINE_SCRIPT.findall(page.read_text(encoding="utf-8")) if page.exists() else []
    scripts.append(_EARS.read_text(encoding="utf-8"))
    return [f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in scripts]


class Guard:
    """ASGI middleware: refuses unknown hosts and puts the security headers on every response."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.headers = {
            "content-security-policy": policy(),
            "x-frame-options": "SAMEORIGIN",
            "x-content-type-options": "nosniff",
            "referrer-policy": "same-origin",
            "cross-origin-opener-policy": "same-origin",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer for the app where the host is unknown, else pass on and add what is missing."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        if not host_allowed(Headers(scope=scope).get("host", ""), st.get_option("server.allowedHosts") or ()):
            await PlainTextResponse("This host name is not served here.", 403)(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_guarded)
