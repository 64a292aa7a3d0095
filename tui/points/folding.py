"""How names are compared: without case and without accents."""

from __future__ import annotations

import unicodedata


def fold(text: str) -> str:
    """What is left of a name when case and accents do not matter."""
    if text.isascii():
        return text.lower()
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in parts if not unicodedata.combining(char))
