"""VM restore points as entities and references, one at a time or by the hundred thousand.

Rows are made from templates: the generic writer writes one row with marks in it, and filling the marks
is all that is left per row. There are few templates, one per set of quirks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from operator import itemgetter

from tui.demo import wire_json, wire_xml
from tui.demo.links import Hrefs
from tui.demo.wire import Link, Resource, Value
from tui.demo.world import ALGORITHMS, POINT_TYPES, RUNS_OF_A_JOB, Job, Vm, World, kinds_of, wire_time

_MARK = re.compile("\ue000(\\w+)\ue001")
_KEYS = ("id", "name", "vm", "created", "algorithm", "type", "ref", "run_id", "run_name", "file_id",
         "file_name", "server_id", "server_name")  # fmt: skip
_SUFFIX = {"Full": "vbk", "Increment": "vib", "ReverseIncrement": "vrb"}
_SHAPING = frozenset({"no-display-name", "no-vm-name", "no-ref", "no-file", "no-restore-link"})

Values = dict[str, str]
Escape = Callable[[str], str]


def server_time(us: int, digits: int) -> str:
    """`2025-02-03 04:05:06.120034`: times inside names (WIRE 2.4)."""
    return wire_time(us, digits).replace("T", " ")


def sql_time(us: int) -> str:
    """`Jun 17 2019  8:45PM`: names of RestorePoints up to version 11 (WIRE 2.4)."""
    moment = datetime.fromtimestamp(us // 1_000_000, UTC)
    hour = (moment.hour + 11) % 12 + 1
    return f"{moment:%b} {moment.day:2} {moment:%Y} {hour:2}:{moment:%M%p}"


class PointRows:
    """Describes VM restore points."""

    def __init__(self, world: World, hrefs: Hrefs, version: int) -> None:
        self._world = world
        self._hrefs = hrefs
        self._version = version
        self._templates: dict[tuple[bool, str, frozenset[str]], tuple[str, Callable[[Values], object]]] = {}
        self._fixed: dict[tuple[str, int], Values] = {}

    def name(self, number: int) -> str:
        """The point's name: `<vm>@<time>`, with a fraction from version 12 on."""
        points = self._world.points
        vm = self._world.vms[points.vm_of[number]]
        return self._name(vm, points.created_us[number])

    def run_name(self, job: Job, run: int) -> str:
        """The name of the RestorePoint of one run."""
        us = self._world.points.run_us(job, run)
        return server_time(us, 6) if self._version >= 7 else sql_time(us)

    def entity(self, number: int) -> Resource:
        """The whole point."""
        vm = self._vm(number)
        return self._entity(self._values(number, str), _shape(vm))

    def reference(self, number: int, *, tag: str = "EntityRef") -> Resource:
        """The bare reference: no HierarchyObjRef, no Restore link (WIRE T10)."""
        return self._reference(self._values(number, str), _shape(self._vm(number)), tag)

    def rows(self, numbers: Iterable[int], *, entities: bool, fmt: str) -> list[str]:
        """Many points as text; `fmt` is xml, pascal or camel."""
        escape = wire_xml.escape if fmt == "xml" else _json_escape
        found = []
        for number in numbers:
            template, pick = self._template(entities, fmt, _shape(self._vm(number)))
            found.append(template % pick(self._values(number, escape)))
        return found

    def _vm(self, number: int) -> Vm:
        return self._world.vms[self._world.points.vm_of[number]]

    def _name(self, vm: Vm, us: int) -> str:
        return f"{vm.name}@{server_time(us, vm.digits if self._version >= 7 else 0)}"

    def _values(self, number: int, escape: Escape) -> Values:
        points = self._world.points
        vm = self._vm(number)
        run, us = points.run_of[number], points.created_us[number]
        fixed = self._fixed_values(vm, escape)
        algorithm, kind = kinds_of(vm.job.mode, run, points.chains[vm.number])
        run_number = vm.job.number * RUNS_OF_A_JOB + run
        run_us = points.run_us(vm.job, run)
        created = wire_time(us, vm.digits)
        stamp = created if self._version >= 7 else wire_time(us, 0)
        point_type = POINT_TYPES[kind]
        return fixed | {
            "id": points.ids.guid(number),
            "name": f"{fixed['vm']}@{stamp.replace('T', ' ')}",
            "created": f"{created}Z",
            "algorithm": ALGORITHMS[algorithm],
            "type": point_type,
            "run_id": points.run_ids.guid(run_number),
            "run_name": server_time(run_us, 6) if self._version >= 7 else sql_time(run_us),
            "file_id": points.file_ids.guid(run_number),
            "file_name": f"{fixed['job']}D{wire_time(run_us, 0).replace(':', '')}_{run_number % 65536:04X}"
            f".{_SUFFIX[point_type]}",
        }

    def _fixed_values(self, vm: Vm, escape: Escape) -> Values:
        key = (escape.__name__, vm.number)
        found = self._fixed.get(key)
        if found is None:
            found = {
                "vm": escape(vm.name), "ref": escape(vm.ref), "job": escape(vm.job.name),
                "server_id": vm.root.server.guid, "server_name": escape(vm.root.server.name),
            }  # fmt: skip
            self._fixed[key] = found
        return found

    def _template(
        self, entities: bool, fmt: str, shape: frozenset[str]
    ) -> tuple[str, Callable[[Values], object]]:
        key = (entities, fmt, shape)
        if key not in self._templates:
            marks = {name: f"\ue000{name}\ue001" for name in _KEYS}
            marked = self._entity(marks, shape) if entities else self._reference(marks, shape, "Ref")
            text = (
                wire_xml.element(marked)
                if fmt == "xml"
                else wire_json.dump(wire_json.resource_tree(marked), camel=fmt == "camel")
            )
            keys = _MARK.findall(text)
            self._templates[key] = (_MARK.sub("%s", text.replace("%", "%%")), itemgetter(*keys))
        return self._templates[key]

    def _entity(self, values: Values, shape: frozenset[str]) -> Resource:
        path = f"vmRestorePoints/{values['id']}"
        restore = () if "no-restore-link" in shape else (
            Link("Restore", self._hrefs.of(f"{path}?action=restore")),)  # fmt: skip
        mounts = self._hrefs.of(f"{path}/mounts")
        point = self._hrefs.entity(
            "VmRestorePoint", "vmRestorePoints", values["name"], values["id"],
            (*restore, *self._ups(values, shape)),
            related=(
                Link("Down", mounts, "VmRestorePointMountList"),
                Link("Create", mounts, "VmRestorePointMount"),
            ),
        )  # fmt: skip
        if "no-display-name" not in shape:
            point.attributes["VmDisplayName"] = values["vm"]
        fields: list[tuple[str, Value]] = [("CreationTimeUTC", values["created"])]
        if "no-vm-name" not in shape:
            fields.append(("VmName", values["vm"]))
        fields += [("Algorithm", values["algorithm"]), ("PointType", values["type"])]
        if "no-ref" not in shape:
            fields.append(("HierarchyObjRef", values["ref"]))
        point.fields = fields
        return point

    def _reference(self, values: Values, shape: frozenset[str], tag: str) -> Resource:
        ups = self._ups(values, shape)
        return self._hrefs.reference(
            "VmRestorePoint", "vmRestorePoints", values["name"], values["id"], ups, tag=tag
        )

    def _ups(self, values: Values, shape: frozenset[str]) -> tuple[Link, ...]:
        up = self._hrefs.up
        server = up(f"backupServers/{values['server_id']}", "BackupServerReference", values["server_name"])
        run = up(f"restorePoints/{values['run_id']}", "RestorePointReference", values["run_name"])
        file = up(f"backupFiles/{values['file_id']}", "BackupFileReference", values["file_name"])
        return (server, run) if "no-file" in shape else (server, run, file)


def _shape(vm: Vm) -> frozenset[str]:
    return _SHAPING.intersection(vm.quirks) if vm.quirks else frozenset()


def _json_escape(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]
