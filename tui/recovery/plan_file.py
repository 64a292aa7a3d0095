"""A recovery plan as a TOML file: groups of VMs in order, with what is to be done with each.

```toml
name = "Shop"
lost_at_most = "4h"
[[group]]
vms = ["dc01", "dc02@vbr01.corp"]     # NAME, NAME@BACKUP-SERVER or a HierarchyObjRef
critical = true
[[group]]
vms = ["sql01", "shop-db"]
keep_original = true
power_on = true
new_name = "{name}-{ticket}"
references = { datastore_ref = "urn:vCloud:Datastore:..." }     # Cloud Director alone
```

What is not understood is an error with file and key, and nothing of the file is used.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from pathlib import Path

import msgspec

from tui.errors import VbemError
from tui.files import new_private, read_by_hand
from tui.moment import MomentError, parse_length, spell_length
from tui.recovery.plan import REFERENCE_NAMES, Choices, PlanLine, RecoveryPlan, named
from tui.recovery.planner import Planner
from tui.restore_points.index import PointIndex, VmKey
from tui.restore_points.names import NameFinder, NameFound

MOST_BYTES = 1_000_000
MOST_VMS = 2_000
_LAST_GROUP = 9
_NOT_WRITTEN = "Nothing was written"


class PlanFileError(VbemError):
    """The file of a recovery plan cannot be read, written or understood."""

    title = "The recovery plan cannot be used"
    hint = "Correct the file; README has an example."


class GroupTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """One `[[group]]`; what it leaves open is as the plan's own keys say."""

    vms: list[str]
    """NAME, NAME@BACKUP-SERVER, or a HierarchyObjRef."""
    critical: bool = False
    """Whether the groups after it are held where one of its VMs is not restored."""
    order: int | None = None
    """The number of its group, 1 to 9; without it the next one. Tables of one number are one group."""
    keep_original: bool | None = None
    power_on: bool | None = None
    new_name: str | None = None
    references: dict[str, str] = {}
    """References of the form of Cloud Director, by `REFERENCE_NAMES`."""


class PlanTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """The whole file."""

    name: str = ""
    lost_at_most: str = ""
    """The limit of data lost, as `4h`; empty for none."""
    keep_original: bool | None = None
    power_on: bool | None = None
    new_name: str | None = None
    group: list[GroupTable]

    @property
    def limit(self) -> timedelta | None:
        """Return the limit of data lost; None for none."""
        return parse_length(self.lost_at_most) if self.lost_at_most else None


def read_plan_file(path: Path) -> PlanTable:
    """Read a plan.

    Raises:
        PlanFileError: it cannot be read, others may write it, or it says something that is not understood.
    """
    try:
        content = read_by_hand(path, MOST_BYTES)
    except OSError as error:
        raise PlanFileError(f"{path} cannot be read: {error.strerror or error}.") from error
    return parse_plan(content, str(path))


def parse_plan(content: bytes, file: str) -> PlanTable:
    """Read the content of a plan; `file` stands in what is said of it.

    Raises:
        PlanFileError: it says something that is not understood.
    """
    try:
        table = msgspec.toml.decode(content, type=PlanTable)
        _check(table)
    except msgspec.ValidationError as error:
        raise PlanFileError(f"{file}: {_key_words(str(error))}.") from error
    except MomentError as error:
        raise PlanFileError(f"{file}: lost_at_most: {error.detail}") from error
    except (ValueError, RecursionError) as error:
        lines = len(content.splitlines())
        why = str(error).replace("at end of document", f"at line {lines}, the last one").rstrip(".")
        raise PlanFileError(f"{file}: {why}.") from error
    return table


def _check(table: PlanTable) -> None:
    """Raise ValueError for what the types do not say."""
    table.limit  # noqa: B018 - raises where it is no length
    names = [name.strip() for group in table.group for name in group.vms]
    if not names:
        raise ValueError("it has no VM: a plan needs a [[group]] with vms")
    if len(names) > MOST_VMS:
        raise ValueError(f"it has {len(names):,} VMs, more than {MOST_VMS:,}")
    if "" in names:
        raise ValueError("a name among vms is empty")
    doubled = [name for name, count in Counter(names).items() if count > 1]
    if doubled:
        raise ValueError(f"vms has {doubled[0]!r} more than once")
    if any(group.order is not None and not 1 <= group.order <= _LAST_GROUP for group in table.group):
        raise ValueError(f"order must be a number from 1 to {_LAST_GROUP}")
    for name in (name for group in table.group for name in group.references):
        if name not in REFERENCE_NAMES:
            raise ValueError(f"references has {name!r}, which is none of {', '.join(REFERENCE_NAMES)}")
    for pattern in filter(None, (table.new_name, *(group.new_name for group in table.group))):
        named(pattern, name="x", ticket="x", day="x")


def _key_words(error: str) -> str:
    """Return what a type error says, with the key as it stands in the file: `group 2, vms`."""
    words, _, path = error.partition(" - at `$.")
    key = re.sub(r"\[(\d+)\]", lambda found: f" {int(found[1]) + 1}", path.rstrip("`")).replace(".", ", ")
    return f"{key}: {words}" if key else words


def plan_of_file(table: PlanTable, planner: Planner) -> tuple[RecoveryPlan, tuple[NameFound, ...]]:
    """Return the plan of a file, and names that mean no VM, several, or one it has: those are not in it."""
    names = [name.strip() for group in table.group for name in group.vms]
    found = iter(NameFinder(planner.index).find_names(names))
    lines: dict[VmKey, PlanLine] = {}
    open_names: list[NameFound] = []
    number = 0
    for group in table.group:
        number = min(_LAST_GROUP, number + 1) if group.order is None else group.order
        choices = Choices(keep_original=group.keep_original, power_on=group.power_on, new_name=group.new_name)
        for one in islice(found, len(group.vms)):
            if len(one.vms) != 1 or one.vms[0].key in lines:
                open_names.append(one)
                continue
            line = planner.line_of(one.vms[0])
            lines[line.key] = replace(
                line, group=number, critical=group.critical, choices=choices, values=group.references
            )
    choices = Choices(keep_original=table.keep_original, power_on=table.power_on, new_name=table.new_name)
    plan = RecoveryPlan(name=table.name, lines=tuple(lines.values()), choices=choices)
    return planner.prepare(plan), tuple(open_names)


def text_of_plan(plan: RecoveryPlan, index: PointIndex, lost_at_most: timedelta | None = None) -> str:
    """Return a plan as a file has it; read again it is the same plan. What was left out stays out."""
    # Imported here: nobody else pays for it.
    import tomli_w

    finder, groups = NameFinder(index), list[GroupTable]()
    for line in plan.lines:
        if line.is_left_out:
            continue
        table = GroupTable(
            vms=[_spelled(line, finder)],
            critical=line.critical,
            order=line.group,
            keep_original=line.choices.keep_original,
            power_on=line.choices.power_on,
            new_name=line.choices.new_name,
            references=line.references,
        )
        last = groups[-1] if groups else None
        if last is not None and msgspec.structs.replace(table, vms=last.vms) == last:
            last.vms.extend(table.vms)
        else:
            groups.append(table)
    choices = plan.choices
    whole = PlanTable(
        name=plan.name,
        lost_at_most="" if lost_at_most is None else spell_length(lost_at_most),
        keep_original=choices.keep_original,
        power_on=choices.power_on,
        new_name=choices.new_name,
        group=groups,
    )
    return tomli_w.dumps(_without_none(msgspec.to_builtins(whole)), multiline_strings=False)


def _without_none(value: object) -> dict[str, object]:
    """Return a table without what TOML has no word for."""
    if not isinstance(value, dict):
        raise TypeError(value)
    return {
        str(key): [_without_none(one) for one in found] if key == "group" else found
        for key, found in value.items()
        if found is not None
    }


def _spelled(line: PlanLine, finder: NameFinder) -> str:
    """Return the shortest spelling that means this VM alone."""
    ways: Iterable[str] = (line.vm_name, f"{line.vm_name}@{line.server_name}", line.key.ref)
    for way in ways:
        found = finder.find_name(way).vms
        if way == way.strip() and [vm.key for vm in found] == [line.key]:
            return way
    return line.key.ref


def write_plan_file(path: Path, text: str) -> None:
    """Write a plan into a new file that only its owner can read.

    Raises:
        PlanFileError: the file exists, or cannot be written.
    """
    try:
        with new_private(path) as file:
            file.write(text)
    except FileExistsError as error:
        raise PlanFileError(f"{path} exists.", title=_NOT_WRITTEN, hint="Choose another name.") from error
    except OSError as error:
        words = error.strerror or str(error)
        raise PlanFileError(f"{path}: {words}.", title=_NOT_WRITTEN, hint="Choose another place.") from error
