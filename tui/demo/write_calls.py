"""What changes something: starting restores, tasks, collecting a backup server's data."""

from __future__ import annotations

from tui.demo import restore_body
from tui.demo.logon import LogonSession
from tui.demo.messages import Refused, Reply, Request, not_found
from tui.demo.restore_request import Checker, RestoreRequest
from tui.demo.restores import Restore, Task
from tui.demo.site import Site
from tui.demo.vms import Behaviour, encrypted
from tui.demo.wire import Collection
from tui.demo.world import CLOUD, VApp, Vm

_VAPP_RESTORE_S = 75.0
COLLEAGUE = "LAB\\colleague"
"""Who restores beside the clients, and cannot log on."""


class WriteCalls:
    """Starts restores and answers for tasks."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def restore_vm(self, request: Request, session: LogonSession, rest: list[str]) -> Reply:
        """POST /vmRestorePoints/{ID}?action=restore (WIRE 5): 202 and a task.

        Raises:
            Refused: 404 for an unknown point, 400 for a body that does not conform.
        """
        self._check_action(request, "restore")
        points = self._site.world.points
        number = points.find(rest[0])
        if number is None:
            raise not_found(f"restore point with id [{rest[0]}]")
        vm = self._site.world.vms[points.vm_of[number]]
        if "no-restore-link" in vm.quirks:
            raise Refused(400, "Restore is not supported for this restore point.")
        options = self._site.options
        spec = restore_body.read(request, options, cloud=vm.root.platform == CLOUD)
        requested = Checker(self._site.world, options).vm(spec, vm.root, rest[0])
        name = self._site.rows.name(number)
        point = ("VmRestorePoint", rest[0], name)
        restore = begun(self._site, vm, point, requested=requested, user=session.user)
        return self._accepted(request, self._site.restores.start(session, restore, "StartVMRestore"))

    def restore_vapp(self, request: Request, session: LogonSession, rest: list[str]) -> Reply:
        """POST /vAppRestorePoints/{ID}?action=restore (WIRE 10).

        Raises:
            Refused: 404 for an unknown point, 400 for a body that does not conform.
        """
        self._check_action(request, "restore")
        world, entities = self._site.world, self._site.entities
        number = world.points.vapp_ids.number(rest[0])
        if number not in world.points.vapp_numbers():
            raise not_found(f"vApp restore point with id [{rest[0]}]")
        vapp, run = entities.vapp_of(number)
        spec = restore_body.read(request, self._site.options, cloud=True)
        of_vms = {world.points.ids.guid(n): "" for n in world.points.of_run(vapp.job, run)}
        requested = Checker(world, self._site.options).vapp(spec, vapp.root, of_vms)
        point = ("VAppRestorePoint", rest[0], entities.vapp_point_name(number))
        restore = begun(self._site, vapp, point, requested=requested, user=session.user)
        return self._accepted(request, self._site.restores.start(session, restore, "StartvAppRestore"))

    def collect(self, request: Request, session: LogonSession, rest: list[str]) -> Reply:
        """POST /backupServers/{ID}?action=collect (WIRE 11a)."""
        self._check_action(request, "collect")
        known = {server.guid for server in self._site.world.servers}
        if rest[0] not in known:
            raise not_found(f"backup server with id [{rest[0]}]")
        return self._accepted(request, self._site.restores.collect(session, rest[0]))

    def tasks(self, request: Request, session: LogonSession, rest: list[str]) -> Reply:
        """GET /tasks, GET and DELETE /tasks/{TaskId} (WIRE 6).

        Raises:
            Refused: 500 for a task that this logon session does not have, not 404 (WIRE T2).
        """
        site = self._site
        if not rest:
            rows = tuple(map(site.activity.task, site.restores.of_session(session)))
            return site.replies.say(request, Collection(tag="Tasks", key="Tasks", rows=rows))
        task = site.restores.find(session, rest[0])
        if task is None:
            raise Refused(500, f"There is no backup task with id [{rest[0]}] in current rest session")
        if request.method == "DELETE":
            site.restores.delete(task, in_vain="stop-no-effect" in request.flaws)
            return Reply(status=204)
        return site.replies.say(request, site.activity.task(task))

    @staticmethod
    def _check_action(request: Request, action: str) -> None:
        given = request.parameters().get("action", "").lower()
        if not given:
            raise Refused(405, "Method POST is not allowed for this resource.")
        if given != action:
            raise Refused(400, f"Action '{given}' is not supported.")

    def _accepted(self, request: Request, task: Task) -> Reply:
        return self._site.replies.say(request, self._site.activity.task(task), 202)


def begun(
    site: Site,
    thing: Vm | VApp,
    point: tuple[str, str, str],
    *,
    requested: RestoreRequest,
    user: str,
    at_s: float | None = None,
) -> Restore:
    """A restore that begins.

    Args:
        site: where.
        thing: the VM or vApp.
        point: kind, id and name of its restore point.
        requested: what was asked for.
        user: who asked.
        at_s: when, in seconds of the server; now, if it is not given.
    """
    restores, (kind, guid, name) = site.restores, point
    created = site.clock.seconds() if at_s is None else at_s
    number = len(restores.restores)
    behaviour = thing.behaviour if isinstance(thing, Vm) else Behaviour()
    if site.world.is_encrypted(_created_us(site, kind, guid)):
        behaviour = encrypted(behaviour)
    of_clients = sum(restore.user != COLLEAGUE for restore in restores.restores)
    return Restore(
        number=number, guid=restores.guids.guid(number), thing=thing, point_kind=kind, point_guid=guid,
        point_name=name, requested=requested, created=created, user=user,
        behaviour=behaviour,
        restore_s=thing.restore_s if isinstance(thing, Vm) else _VAPP_RESTORE_S,
        links_point=of_clients % 2 == 0,
    )  # fmt: skip


def _created_us(site: Site, kind: str, guid: str) -> int:
    """When a restore point was made, in microseconds since 1970."""
    points = site.world.points
    if kind == "VmRestorePoint":
        return points.created_us[points.ids.number(guid)]
    vapp, run = site.entities.vapp_of(points.vapp_ids.number(guid))
    return points.run_us(vapp.job, run)


def effects(site: Site) -> list[dict[str, object]]:
    """What the restores did or are doing, for the control channel: what a person on site would see."""
    now, found = site.clock.seconds(), []
    for restore in site.restores.restores:
        requested = restore.requested
        failed = bool(restore.behaviour.launch_failure) or restore.launch_stopped
        found.append({
            "vm": restore.thing.name, "point": restore.point_guid, "kind": restore.point_kind,
            "session": restore.guid, "overwrites": requested.overwrites, "power_on": requested.power_on,
            "quick_rollback": requested.quick_rollback, "keep_original": requested.keep_original,
            "layout": requested.layout, "new_name": requested.asked_name,
            "launch_stopped": restore.launch_stopped, "user": restore.user,
            "state": "Stopped" if failed else restore.state(now),
            "result": "Failed" if failed else restore.result(now),
        })  # fmt: skip
    return found
