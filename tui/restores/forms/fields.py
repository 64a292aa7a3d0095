"""The parts of a restore form and what a platform has to say about its form, as data: no widgets, no network.

A screen renders these; `tui.restores.forms.form` checks what was typed into them. What excludes what, and
what is shown when, is here as data too, so that no screen asks for a platform.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tui.api.models import CloudLayout, Platform, PointKind, RestorePoint, RestoreSpec
from tui.errors import VbemError

Value = bool | str
Values = Mapping[str, Value]
"""What was typed, by the field's name; a missing one has its default."""


class FieldKind(StrEnum):
    """How a field is asked for."""

    BOOL = "bool"
    """A switch; its value is a bool."""
    TEXT = "text"
    REFERENCE = "reference"
    """A HierarchyObjRef, picked by lookup or typed (WIRE 8.3)."""
    UID = "uid"
    """A `urn:veeam:<kind>:<GUID>`, picked or typed; a bare GUID is accepted."""
    CHOICE = "choice"
    """One of `choices`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One value of a choice field."""

    value: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """While this field is on, `other` must be off."""

    other: str
    """Name of the excluded field."""
    note: str
    """The sentence shown while it applies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Shown only while another field has this value."""

    field: str
    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One thing the operator can fill in."""

    name: str
    """The key in the values; unique in its form."""
    wire_name: str
    """The element's name in the request, as the documentation spells it; the screen shows it too."""
    label: str
    help: str
    """One sentence: what it does."""
    kind: FieldKind
    default: Value
    required: bool = False
    object_type: str = ""
    """For REFERENCE the type inside the reference, for UID the kind inside the UID."""
    lookup_type: str = ""
    """What the picker looks up; `HierarchyRoot` means the list of roots; empty: there is no picker."""
    choices: tuple[Choice, ...] = ()
    excludes: tuple[Exclusion, ...] = ()
    visible_if: Condition | None = None

    def is_visible(self, values: Values) -> bool:
        """Return whether it is shown, and so checked and sent, with these values."""
        return self.visible_if is None or values.get(self.visible_if.field) == self.visible_if.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Fields under one heading."""

    title: str
    fields: tuple[Field, ...]
    help: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a form cannot be sent yet."""

    field: str
    """Name of the field to go to."""
    sentence: str


def text_of(values: Values, name: str) -> str:
    """Return a typed value without the blanks around it; empty where there is none."""
    value = values.get(name, "")
    return value.strip() if isinstance(value, str) else ""


def is_on(values: Values, name: str) -> bool:
    """Return whether a switch is on."""
    return values.get(name) is True


class WrongForm(VbemError):
    """There is no such restore, or the form of one is used for another."""

    title = "This restore is not possible"
    hint = "Choose another restore point or platform."


class IncompleteForm(WrongForm):
    """A request was asked for while the form still has problems.

    Args:
        problems: what keeps it from being sent, in the order of the screen.
    """

    title = "The form is incomplete"
    hint = "Correct what is named first."

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(" ".join(problem.sentence for problem in problems))
        self.problems = problems


class PlatformNotKnown(WrongForm):
    """Neither the point nor its backup says the platform: the operator has to choose one."""

    title = "The platform is unknown"
    hint = "Choose the platform."

    def __init__(self) -> None:
        super().__init__("The server does not say which platform this restore point belongs to.")


@dataclass(frozen=True, slots=True, kw_only=True)
class FormDraft:
    """What is filled into a form, kept so that the same can be asked for again as a new restore."""

    point: RestorePoint
    platform: Platform = Platform.UNKNOWN
    """As found out or chosen; UNKNOWN: find out."""
    values: dict[str, Value] = field(default_factory=dict)
    reason: str = ""
    note: str = ""
    """What the operator should know before sending it again."""


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
