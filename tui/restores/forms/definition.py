"""What each platform's data file has to say: the seam between the one form engine and the platforms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from tui.api.models import CloudLayout, Platform, PointKind, RestorePoint, RestoreSpec
from tui.restores.forms.fields import Problem, Section, Values


class OriginalOutcome(StrEnum):
    """What happens to the original VM."""

    KEPT = "kept"
    OVERWRITTEN = "overwritten"
    MAY_BE_OVERWRITTEN = "may be overwritten"
    """The server's version is not known to support keeping it, and may ignore it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormContext:
    """What a form is made from."""

    point: RestorePoint
    platform: Platform
    layout: CloudLayout = CloudLayout.SEED
    vms_of_vapp: tuple[RestorePoint, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreEffect:
    """What a filled form will do, in words."""

    where: str
    original: OriginalOutcome
    original_words: str
    power_words: str
    further: tuple[str, ...] = ()
    """Quick rollback, new name, layout: what else is worth a line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormDefinition:
    """One kind of restore. A new platform is one of these and a test."""

    title: str
    kind: PointKind
    platform: Platform
    sections: Callable[[FormContext], tuple[Section, ...]]
    check: Callable[[FormContext, Values], tuple[Problem, ...]]
    """Problems beyond those every field is checked for."""
    notes: Callable[[FormContext, Values], tuple[str, ...]]
    spec: Callable[[FormContext, Values], RestoreSpec]
    effect: Callable[[RestorePoint, RestoreSpec, str], RestoreEffect]
    """From point, spec and API version (empty: unknown)."""
