"""What lives under a hierarchy root, for the lookup service (WIRE 8.2).

Datastore and OrgVdcStorageProfile of Cloud Director are not in the documented list of lookup types
(WIRE T31); this server answers them all the same, as the seed page says it can.
"""

from __future__ import annotations

from dataclasses import dataclass

from tui.demo.wire import Resource
from tui.demo.world import CLOUD, HYPERV, VMWARE, Root, World

_CLOUD_KINDS = {
    "Organization": ("org", ("Demo Org", "Tenant [A]")),
    "OrgVdc": ("vdc", ("Gold VDC", "Silver VDC")),
    "Datastore": ("datastore", ("ssd & fast", "bulk-01", "bulk-02")),
    "OrgVdcStorageProfile": ("vdcstorageprofile", ("Gold", "Silver", "Any <tier>")),
    "VmTemplate": ("vm", ("debian-12 template", "windows-2022 template")),
    "VappTemplate": ("vapptemplate", ("shop template",)),
}
_OTHERS = {
    VMWARE: {
        "Host": ("host", ("esx01", "esx02", "esx03")), "Cluster": ("domain-c", ("Cluster A",)),
        "Datacenter": ("datacenter", ("DC1",)), "Folder": ("group-v", ("vm", "Servers", "Test")),
        "Datastore": ("datastore", ("ssd & fast", "bulk-01")),
        "ResourcePool": ("resgroup", ("Resources", "Gold")), "Template": ("vm-t", ("debian-12",)),
    },
    HYPERV: {
        "Host": ("", ("hv-node1", "hv-node2")), "Cluster": ("", ("hv-cluster01",)),
        "HostGroup": ("", ("All Hosts",)),
    },
    CLOUD: {},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Thing:
    """One object under a hierarchy root."""

    ref: str
    kind: str
    name: str

    def resource(self) -> Resource:
        """A HierarchyItem: no Href, no Links."""
        return Resource(
            tag="HierarchyItem",
            attributes={"Type": "HierarchyItem"},
            fields=[("ObjectRef", self.ref), ("ObjectType", self.kind), ("ObjectName", self.name)],
        )


def things(world: World, root: Root) -> list[Thing]:
    """Everything under a root."""
    found = [Thing(vm.ref, "Vm", vm.name) for vm in world.vms if vm.root is root]
    prefix = f"urn:{root.platform}"
    if root.platform == CLOUD:
        found.append(
            Thing(f"{prefix}:VcdSystem:{root.guid}.urn:vcloud:system:{root.guid}", "VcdSystem", root.name)
        )
        found += [
            Thing(f"{prefix}:Vapp:{root.guid}.{vapp.object_id}", "Vapp", vapp.name)
            for vapp in world.vapps if vapp.root is root
        ]  # fmt: skip
        kinds = _CLOUD_KINDS
    else:
        kinds = _OTHERS[root.platform]
    ids = world.ids(f"things of {root.number}")
    for number, (kind, (word, names)) in enumerate(kinds.items()):
        for index, name in enumerate(names):
            thing_id = ids.guid(number * 100 + index)
            if root.platform == CLOUD:
                thing_id = f"urn:vcloud:{word}:{thing_id}"
            elif root.platform == VMWARE:
                thing_id = f"{word}-{number * 10 + index + 1}"
            found.append(Thing(f"{prefix}:{kind}:{root.guid}.{thing_id}", kind, name))
    return found


def kinds_of(root: Root) -> tuple[str, ...]:
    """The types that can be looked up under a root."""
    if root.platform == CLOUD:
        return ("VcdSystem", "Vapp", "Vm", *_CLOUD_KINDS)
    return ("Vm", *_OTHERS[root.platform])


def matching(found: list[Thing], name: str, kind: str) -> list[Thing]:
    """Those of one type (in any case) with one name; `*` matches any run of characters."""
    wanted = name.lower()
    of_kind = [thing for thing in found if not kind or thing.kind.lower() == kind.lower()]
    if wanted in {"", "*"}:
        return of_kind
    parts = wanted.split("*")
    return [thing for thing in of_kind if _fits(thing.name.lower(), parts)]


def _fits(name: str, parts: list[str]) -> bool:
    if len(parts) == 1:
        return name == parts[0]
    if not name.startswith(parts[0]) or not name.endswith(parts[-1]):
        return False
    at = len(parts[0])
    for part in parts[1:-1]:
        at = name.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return at <= len(name) - len(parts[-1])
