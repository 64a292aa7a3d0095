"""What another person restores from the vendor's own console: no task tells of it, only a restore session."""

from __future__ import annotations

from tui.demo.messages import Request, segments_of
from tui.demo.restore_request import RestoreRequest
from tui.demo.restores import Restore
from tui.demo.site import Site
from tui.demo.vms import Behaviour
from tui.demo.write_calls import COLLEAGUE, begun

_FIRST_S, _PERIOD_S = 120.0, 600.0


def restore_beside(site: Site, request: Request, how: str) -> None:
    """Restore the VM or vApp of a request over its original, from another of its points.

    Args:
        site: where.
        request: the POST that arrived.
        how: `unlinked`, the session does not name its point; `same-point`, it is the point of the request.
    """
    head, *rest = segments_of(request) or [""]
    if len(rest) != 1:
        return
    found = _of_vm(site, rest[0], how) if head == "vmrestorepoints" else _of_vapp(site, rest[0], how)
    if found is None:
        return
    found.links_point = how != "unlinked"
    if found.behaviour.launch_failure or not found.behaviour.session_link:
        found.behaviour = Behaviour()
    site.restores.add(found)


def catch_up(site: Site) -> None:
    """With `--colleague`, begin the restores that are due: of a VM every ten minutes, over its original."""
    if not site.options.colleague:
        return
    points, ordinary = site.world.points, [vm for vm in site.world.vms if vm.behaviour == Behaviour()]
    while (due_s := _FIRST_S + site.restores.by_colleague * _PERIOD_S) <= site.clock.seconds():
        vm = ordinary[(3 + site.restores.by_colleague * 5) % len(ordinary)]
        number = other_point(site, points.first_of[vm.number])
        point = ("VmRestorePoint", points.ids.guid(number), site.rows.name(number))
        found = begun(site, vm, point, requested=RestoreRequest(), user=COLLEAGUE, at_s=due_s)
        site.restores.add(found)
        site.restores.by_colleague += 1


def _of_vm(site: Site, guid: str, how: str) -> Restore | None:
    points = site.world.points
    number = points.find(guid)
    if number is None:
        return None
    if how != "same-point":
        number = other_point(site, number)
    point = ("VmRestorePoint", points.ids.guid(number), site.rows.name(number))
    vm = site.world.vms[points.vm_of[number]]
    return begun(site, vm, point, requested=RestoreRequest(), user=COLLEAGUE)


def _of_vapp(site: Site, guid: str, how: str) -> Restore | None:
    points, entities = site.world.points, site.entities
    numbers, number = points.vapp_numbers(), points.vapp_ids.number(guid)
    if number not in numbers:
        return None
    vapp, run = entities.vapp_of(number)
    if how != "same-point":
        number += -1 if run else 1
    point = ("VAppRestorePoint", points.vapp_ids.guid(number), entities.vapp_point_name(number))
    return begun(site, vapp, point, requested=RestoreRequest(layout="vapp"), user=COLLEAGUE)


def other_point(site: Site, number: int) -> int:
    """The newest point of the same VM that is another one; the same where there is no other."""
    points = site.world.points
    others = (n for n in points.all() if points.vm_of[n] == points.vm_of[number] and n != number)
    return next(others, number)
