"""The restore form: which fields a point's platform asks for, what is wrong with what was typed, and
the request that comes out of it.

Pure: no widgets, no network. Platforms are data, chosen from the table at the end: a new platform is a file
with its `FormDefinition`, a row of that table and a test.
"""

from __future__ import annotations

from dataclasses import dataclass

from tui.api.errors import BadReference
from tui.api.models import (
    CloudLayout,
    ObjectRef,
    Platform,
    PointKind,
    RestorePoint,
    RestoreSpec,
    has_invisible,
    id_of,
    uid_of,
)
from tui.restores.forms.cloud_director import CLOUD_DIRECTOR, ROOT
from tui.restores.forms.fields import (
    Choice,
    Field,
    FieldKind,
    FormContext,
    FormDefinition,
    IncompleteForm,
    PlatformNotKnown,
    Problem,
    RestoreEffect,
    Section,
    Value,
    Values,
    WrongForm,
    is_on,
    text_of,
)
from tui.restores.forms.vapp import VAPP
from tui.restores.forms.vsphere_hyperv import HYPERV, VSPHERE


@dataclass(frozen=True, slots=True)
class RestoreForm:
    """The form for one restore point."""

    context: FormContext
    definition: FormDefinition
    sections: tuple[Section, ...]

    @property
    def title(self) -> str:
        """Return what is restored, for a heading."""
        return self.definition.title

    @property
    def point(self) -> RestorePoint:
        """Return the point it restores."""
        return self.context.point

    @property
    def platform(self) -> Platform:
        """Return the platform it asks for."""
        return self.context.platform

    @property
    def fields(self) -> tuple[Field, ...]:
        """Return all fields, in the order of the screen."""
        return tuple(field for section in self.sections for field in section.fields)

    @property
    def defaults(self) -> dict[str, Value]:
        """Return the safe values every field starts with."""
        return {field.name: field.default for field in self.fields}

    def field(self, name: str) -> Field:
        """Return the field of that name.

        Raises:
            KeyError: there is none.
        """
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(name)

    def complete(self, values: Values) -> dict[str, Value]:
        """Fill in defaults where a value is missing."""
        return {**self.defaults, **values}

    def visible(self, values: Values) -> tuple[Field, ...]:
        """Return the fields that are shown, checked and sent with these values."""
        full = self.complete(values)
        return tuple(field for field in self.fields if field.is_visible(full))

    def check(self, values: Values) -> tuple[Problem, ...]:
        """Return name everything that keeps the form from being sent, in the order of the screen."""
        full = self.complete(values)
        problems = [problem for field in self.visible(full) for problem in self._problems_of(field, full)]
        return (*problems, *self.definition.check(self.context, full))

    def notes(self, values: Values) -> tuple[str, ...]:
        """Return what excludes what and what follows, while typing."""
        full = self.complete(values)
        exclusions = (
            exclusion.note
            for field in self.visible(full)
            if is_on(full, field.name)
            for exclusion in field.excludes
        )
        return (*exclusions, *self.definition.notes(self.context, full))

    def blocked(self, values: Values) -> dict[str, str]:
        """Return name the fields that must stay off with these values, each with the sentence why."""
        full = self.complete(values)
        return {
            exclusion.other: exclusion.note
            for field in self.visible(full)
            if is_on(full, field.name)
            for exclusion in field.excludes
        }

    def spec(self, values: Values) -> RestoreSpec:
        """Return what to ask the server for.

        Raises:
            IncompleteForm: `check` finds problems.
        """
        problems = self.check(values)
        if problems:
            raise IncompleteForm(problems)
        return self.definition.spec(self.context, self.complete(values))

    def effect(self, spec: RestoreSpec, api_version: str) -> RestoreEffect:
        """Return what the request will do, in words."""
        return self.definition.effect(self.point, spec, api_version)

    def root_id(self, values: Values) -> str:
        """Return the GUID of the chosen hierarchy root, for the picker; empty where there is none."""
        try:
            return id_of(uid_of("HierarchyRoot", text_of(self.complete(values), ROOT)))
        except BadReference:
            return ""

    def _problems_of(self, field: Field, values: Values) -> tuple[Problem, ...]:
        sentence = _fault(field, values) or self._reference_fault(field, values)
        return (Problem(field=field.name, sentence=sentence),) if sentence else ()

    def _reference_fault(self, field: Field, values: Values) -> str:
        text = text_of(values, field.name)
        if field.kind is not FieldKind.REFERENCE or not text:
            return ""
        try:
            reference = ObjectRef.parse(text)
        except BadReference as error:
            return error.detail
        if reference.platform is not self.platform:
            return f"This reference belongs to {reference.platform_word}, not to {self.platform.label}."
        if reference.object_type.lower() != field.object_type.lower():
            return f"This is a reference to a {reference.object_type}; a {field.object_type} is needed here."
        root = self.root_id(values)
        if root and reference.root_id.lower() != root.lower():
            return (
                f"This reference belongs to another hierarchy root ({reference.root_id}) than the chosen one "
                f"({root}); the server would not find it there."
            )
        return ""


def _fault(field: Field, values: Values) -> str:
    """Return what is wrong with one field by itself, empty if nothing."""
    if field.kind is FieldKind.BOOL:
        return _switch_fault(field, values)
    text = text_of(values, field.name)
    if not text:
        return f"{field.label} is needed." if field.required else ""
    if has_invisible(text):
        return f"{field.label} contains invisible characters; type it again."
    if field.kind is FieldKind.UID:
        return _uid_fault(field, text)
    if field.kind is FieldKind.CHOICE and text not in {choice.value for choice in field.choices}:
        return f"{field.label} must be one of the choices."
    return ""


def _switch_fault(field: Field, values: Values) -> str:
    if not isinstance(values.get(field.name), bool):
        return f"{field.label} must be on or off."
    blocking = [item for item in field.excludes if is_on(values, field.name) and is_on(values, item.other)]
    return blocking[0].note if blocking else ""


def _uid_fault(field: Field, text: str) -> str:
    try:
        uid_of(field.object_type, text)
    except BadReference as error:
        return error.detail
    return ""


FORM_DEFINITIONS: dict[tuple[PointKind, Platform], FormDefinition] = {
    (definition.kind, definition.platform): definition
    for definition in (VSPHERE, HYPERV, CLOUD_DIRECTOR, VAPP)
}
"""The one table from platform to form."""


def form_for(
    point: RestorePoint,
    platform: Platform,
    *,
    layout: CloudLayout = CloudLayout.SEED,
    vms_of_vapp: tuple[RestorePoint, ...] = (),
) -> RestoreForm:
    """Return the form of a point's platform.

    Args:
        point: the point to restore.
        platform: what the service layer found out, or the operator chose.
        layout: which Cloud Director layout the settings prefer.
        vms_of_vapp: the VM points of a vApp point.

    Raises:
        PlatformNotKnown: the platform is unknown; ask with `platform_choices`.
        WrongForm: there is no such restore on that platform.
    """
    if platform is Platform.UNKNOWN:
        raise PlatformNotKnown
    definition = FORM_DEFINITIONS.get((point.kind, platform))
    if definition is None:
        raise WrongForm(f"A vApp cannot be restored to {platform.label}; vApps belong to Cloud Director.")
    context = FormContext(point=point, platform=platform, layout=layout, vms_of_vapp=vms_of_vapp)
    return RestoreForm(context, definition, definition.sections(context))


def platform_choices(kind: PointKind = PointKind.VM) -> tuple[Choice, ...]:
    """Return the platforms the operator can choose from where the server does not say the platform."""
    return tuple(
        Choice(value=platform.value, label=platform.label)
        for known, platform in FORM_DEFINITIONS
        if known is kind
    )
