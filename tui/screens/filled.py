"""What was typed into a form, kept so that the same can be asked for again as a new restore."""

from __future__ import annotations

from dataclasses import dataclass, field

from tui.api.models import Platform, RestorePoint
from tui.restores.fields import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """One filled form."""

    point: RestorePoint
    platform: Platform = Platform.UNKNOWN
    """As found out or chosen; UNKNOWN: find out."""
    values: dict[str, Value] = field(default_factory=dict)
    reason: str = ""
    note: str = ""
    """What the operator should know before sending it again."""
