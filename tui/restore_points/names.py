"""A list of names, pasted or from a file, against the VMs there are: found once, several times, or not."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

from tui.restore_points.index import PointIndex, Vm

MOST_NAMES = 2_000
"""Lines of one list; more is no list of VMs to restore."""
_NEAREST = 3
_MOST_COMPARED = 2_000
"""Names that the nearest of one are looked for among: those that begin the same."""
_MOST_NEAREST = 20
"""So many names that are not there get their nearest; a whole wrong file would take minutes."""
_COLUMNS = re.compile(r"[\t;,]")
_COMMENT = re.compile(r"\s#")
"""A `#` inside a name is part of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NameFound:
    """One line of the list, and which VMs it means."""

    typed: str
    vms: tuple[Vm, ...] = ()
    """None, one, or several between which the operator chooses."""
    nearest: tuple[str, ...] = ()
    """Names that are near to one that was not found."""


def names_in(text: str) -> list[str]:
    """Return the names of a list: one a line, each once; what follows a `#`, a comma or a tab is left out."""
    names = map(_name_of, text.splitlines())
    return list(dict.fromkeys(name for name in names if name))[:MOST_NAMES]


def leaves_out(text: str) -> bool:
    """Return whether a list has more columns than the names, which may be names as well."""
    for line in text.splitlines():
        name = _name_of(line)
        rest = _COMMENT.split(line)[0].partition(name)[2].strip("\"' ") if name else ""
        if _COLUMNS.match(rest) and rest.strip("\t;, "):
            return True
    return False


def _name_of(line: str) -> str:
    """Return the name in a line; in quotes it may have what would end it otherwise."""
    line = line.strip()
    quote = line[:1]
    if quote in {'"', "'"} and (end := line.find(quote, 1)) > 0:
        return line[1:end].strip()
    if line.startswith("#"):
        return ""
    return _COLUMNS.split(_COMMENT.split(line)[0])[0].strip()


def open_words(found: NameFound) -> str:
    """Return why a name is not one VM more, in a phrase: not found, several, or one that is there already."""
    if not found.vms:
        return f"NOT FOUND; near: {', '.join(found.nearest)}" if found.nearest else "NOT FOUND"
    if len(found.vms) == 1:
        return "the plan has it already"
    which = ", ".join(f"{vm.name}@{vm.server_name} {vm.platform.label}" for vm in found.vms[:_NEAREST])
    more = ", ..." if len(found.vms) > _NEAREST else ""
    differ = len({vm.server_name for vm in found.vms}) == len(found.vms)
    how = "as NAME@BACKUP-SERVER" if differ else "by its object_ref"
    return f"{len(found.vms)} VMs have this name: {which}{more}; name one {how}"


class NameFinder:
    """Finds names among the VMs of an index, as it is now.

    Args:
        index: where the VMs are.
    """

    def __init__(self, index: PointIndex) -> None:
        self._exact: dict[str, list[Vm]] = {}
        self._folded: dict[str, list[Vm]] = {}
        self._refs: dict[str, list[Vm]] = {}
        for vm in index.vms:
            if vm.rows:
                self._exact.setdefault(vm.name, []).append(vm)
                self._folded.setdefault(vm.name.lower(), []).append(vm)
                if vm.object_ref:
                    # A host that two backup servers know gives both the same references (WIRE 8.1).
                    self._refs.setdefault(vm.object_ref.casefold(), []).append(vm)

    def find(self, text: str) -> list[NameFound]:
        """Return what each name of a list means, in their order."""
        return self.find_names(names_in(text))

    def find_names(self, names: Iterable[str]) -> list[NameFound]:
        """Return what each name means, in their order; some that are not there come with the nearest ones."""
        found = [self.find_name(name) for name in names]
        missing = [one.typed for one in found if not one.vms][:_MOST_NEAREST]
        nearest = {name: self._nearest(name) for name in missing}
        return [replace(one, nearest=nearest.get(one.typed, ())) for one in found]

    def find_name(self, name: str) -> NameFound:
        """Return what one name means."""
        found = next(filter(None, self._ways(name)), [])
        return NameFound(typed=name, vms=tuple(found))

    def _nearest(self, name: str) -> tuple[str, ...]:
        begins = (one for one in self._folded if one[:1] == name[:1].lower())
        among = list(islice(begins, _MOST_COMPARED))
        near = difflib.get_close_matches(name.lower(), among, n=_NEAREST, cutoff=0.6)
        return tuple(self._folded[one][0].name for one in near)

    def _ways(self, name: str) -> Iterator[list[Vm]]:
        """Yield the VMs that a name means, the strictest reading first."""
        yield self._refs.get(name.casefold(), [])
        yield self._exact.get(name, [])
        yield self._folded.get(name.lower(), [])
        left, separator, server = name.rpartition("@")
        if separator:
            wanted = server.casefold()
            for found in (self._exact.get(left, []), self._folded.get(left.lower(), [])):
                yield [vm for vm in found if _is_server(vm, wanted)]


def _is_server(vm: Vm, wanted: str) -> bool:
    name = vm.server_name.casefold()
    return name == wanted or name.partition(".")[0] == wanted
