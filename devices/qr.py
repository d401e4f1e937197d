"""QR codes (ISO/IEC 18004) of texts: for a terminal, and as SVG for pages."""

from __future__ import annotations

import io

import segno


def terminal(text: str) -> str:
    """Return a QR code in half blocks, light on dark as most terminals are."""
    out = io.StringIO()
    _code(text).terminal(out, compact=True)
    return out.getvalue()


def svg(text: str) -> str:
    """Return a QR code as an SVG document with its white border, 4 px a module."""
    out = io.BytesIO()
    _code(text).save(out, kind="svg", scale=4, light="#fff", xmldecl=False, nl=False)
    return out.getvalue().decode()


def _code(text: str) -> segno.QRCode:
    # Level M survives a scratched label or a dirty lens: 15 % of it may be unreadable.
    return segno.make(text, error="m", micro=False)
