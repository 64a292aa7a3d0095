"""Single values as the wire writes them: text, numbers, yes and no, times, hrefs (WIRE 2.4)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from operator import attrgetter

_ADDRESSED = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?//[^/?#]*")
_TARGET = re.compile(r"/[!-\[\]-z|~]*")
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}")
_LAST_NULL_YEAR = 1753
_ZONE = attrgetter("tzinfo")


def text_of(value: object) -> str:
    """Any scalar as text; null, missing and "" are all empty (WIRE 2.3). A list gives its first text."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return text_of(value.get("#text"))
    if isinstance(value, list):
        return next((item for item in value if isinstance(item, str) and item), "")
    return str(value) if isinstance(value, int | float) else ""


def flag_of(value: object) -> bool | None:
    """Yes or no, from JSON's booleans or from text in any case; None for anything else."""
    return {"true": True, "1": True, "false": False, "0": False}.get(text_of(value).strip().lower())


def number_of(value: object) -> int | None:
    """A whole number, from JSON's numbers or from text; None for anything else."""
    text = text_of(value).strip()
    if text.endswith(".0"):
        text = text[:-2]
    return int(text) if _NUMBER.fullmatch(text) else None


def time_of(value: object) -> datetime | None:
    """A moment in UTC: 0 to 7 fractional digits, `Z` or nothing behind (WIRE T19).

    None for the null date (1753 and before) and for what is no date. Digits beyond microseconds are dropped.
    """
    try:
        moment = datetime.fromisoformat(value if isinstance(value, str) else text_of(value))
        if moment.year <= _LAST_NULL_YEAR:
            return None
        if moment.tzinfo is UTC:
            return moment
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def times_of(texts: list[str], missing: datetime) -> list[datetime]:
    """The same for many, with `missing` for what is none: in one go where all are usual."""
    try:
        moments = list(map(datetime.fromisoformat, texts))
        if set(map(_ZONE, moments)) == {UTC} and min(moments).year > _LAST_NULL_YEAR:
            return moments
    except (TypeError, ValueError):
        pass
    return [time_of(text) or missing for text in texts]


def path_of(href: str) -> str:
    """Path and query of a link; its host is the server's idea of its own name and never used (WIRE T16).

    Empty for what is no link: relative, or with characters that have no place in a request line.
    """
    rest = href if href.startswith("/") and not href.startswith("//") else _ADDRESSED.sub("", href, count=1)
    target = rest.partition("#")[0]
    return target if _TARGET.fullmatch(target) else ""


def id_in(href: str) -> str:
    """The last segment of a link's path: the id of what it leads to."""
    return path_of(href).partition("?")[0].rstrip("/").rpartition("/")[2]
