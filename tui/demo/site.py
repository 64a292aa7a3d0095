"""One life of the server, from one start or reset to the next: its world and all that goes on in it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tui.demo.activity import Activity, Session
from tui.demo.clock import DemoClock
from tui.demo.entities import Entities
from tui.demo.filters import Table
from tui.demo.links import Hrefs
from tui.demo.logon import Logons
from tui.demo.options import Options
from tui.demo.point_rows import PointRows
from tui.demo.query_tables import (
    backup_table,
    managed_table,
    point_table,
    root_table,
    run_table,
    server_table,
    session_table,
    vapp_table,
)  # fmt: skip
from tui.demo.replies import Replies
from tui.demo.restores import PastSession, Restores
from tui.demo.vms import Behaviour
from tui.demo.world import Job, Root, Server, World


@dataclass(slots=True)
class Tables:
    """All tables of the query service but the tasks, which differ by logon session."""

    points: Table[int]
    vapp_points: Table[int]
    sessions: Table[Session]
    roots: Table[Root]
    managed: Table[Root]
    servers: Table[Server]
    backups: Table[Job]
    runs: Table[int]


@dataclass(slots=True)
class Site:
    """World, clock, logons, restores, and those who describe them."""

    options: Options
    generation: int = 0
    """How many resets there were: each makes other tokens and session ids."""
    clock: DemoClock = field(init=False)
    world: World = field(init=False)
    logons: Logons = field(init=False)
    restores: Restores = field(init=False)
    hrefs: Hrefs = field(init=False)
    rows: PointRows = field(init=False)
    entities: Entities = field(init=False)
    activity: Activity = field(init=False)
    replies: Replies = field(init=False)
    tables: Tables = field(init=False)
    _salt: str = field(init=False)

    def __post_init__(self) -> None:
        options = self.options
        run = secrets.token_hex(8) if options.seed is None else f"seed {options.seed}"
        self._salt = f"{run}:{self.generation}"
        self.clock = DemoClock(options.now, options.time_scale)
        self.world = World(options, self.clock.start)
        self.logons = Logons(self.clock, self._salt, options)
        self.restores = Restores(self.clock, options, self._salt)
        self.restores.past = list(past_sessions(self.world, self.clock.start))
        self.configure(options)

    def configure(self, options: Options) -> None:
        """Take over options that change how the server behaves, without a new world."""
        self.options = self.restores.options = options
        self.logons.configure(options)
        hrefs = self.hrefs = Hrefs(options)
        self.rows = PointRows(self.world, hrefs, options.version)
        self.entities = Entities(self.world, options, hrefs, self.rows)
        self.activity = Activity(self.world, options, hrefs, self.restores)
        self.replies = Replies(options)
        world, entities = self.world, self.entities
        self.tables = Tables(
            points=point_table(world, self.rows, options),
            vapp_points=vapp_table(world, entities),
            sessions=session_table(world, self.restores, self.activity),
            roots=root_table(world),
            managed=managed_table(world),
            servers=server_table(world),
            backups=backup_table(world, entities),
            runs=run_table(world, entities),
        )


def older_sessions(world: World, vm_name: str, page: int, size: int) -> list[PastSession]:
    """One page of an endless list of past restores of a VM, a second apart and more than a day ago."""
    ids, found = world.ids("OlderSession"), []
    for number in range((page - 1) * size, page * size):
        begun = world.start - timedelta(days=1, seconds=number)
        found.append(PastSession(
            guid=ids.guid(number), job_type="RestoreVm", name=f"{vm_name}@{begun:%Y-%m-%d %H:%M:%S}",
            vm_name=vm_name, begun=begun, ended=begun + timedelta(minutes=5), result="Success", server=0,
        ))  # fmt: skip
    return found


def past_sessions(world: World, start: datetime) -> list[PastSession]:
    """Restores of the last weeks, file-level ones among them; the oldest is beyond the 30 days."""
    ids, found = world.ids("PastSession"), []
    ordinary = [vm for vm in world.vms if vm.behaviour == Behaviour()]
    for number in range(14):
        vm = ordinary[(number * 7) % len(ordinary)]
        begun = start - timedelta(days=number * 2.6 + 0.3, minutes=number * 13)
        files = number % 4 == 3
        name = f"{vm.name}@{begun:%Y-%m-%d %H:%M:%S}"
        result = "Success" if number % 5 else "Warning"
        found.append(PastSession(
            guid=ids.guid(number), job_type="FileLevelRestore" if files else "RestoreVm",
            name=f"FLR_[{vm.name}]@{begun:%Y-%m-%d %H:%M:%S}" if files else name, vm_name=vm.name,
            begun=begun, ended=begun + timedelta(minutes=4 + number),
            result="Failed" if number == 6 else result, server=vm.root.server.number,
            message="Cannot connect to host" if number == 6 else "",
        ))  # fmt: skip
    return found
