"""How lists and formats are spoken of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

ItemT = TypeVar("ItemT")


class WireFormat(StrEnum):
    """How requests and replies are written."""

    AUTO = "auto"
    XML = "xml"
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[ItemT]):
    """One page of a list (WIRE 3.3)."""

    items: Sequence[ItemT]
    number: int
    pages: int
    """How many pages there are in all, as far as the server says; at least 1."""
