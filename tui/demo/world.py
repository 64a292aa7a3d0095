"""The world behind the server: backup servers, hosts, jobs, VMs and vApps.

Deterministic: the same seed gives the same ids and names, and the same times relative to the start.
Which VM does what is told in `tui.demo.vms`. `vc01` has been added to both backup servers and so
appears as two hierarchy roots with one UniqueId (WIRE 8.1). `--points` adds generated VMs with
30 points each.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from datetime import UTC, datetime

from tui.demo.ids import Ids
from tui.demo.options import Options
from tui.demo.vms import INCIDENT_AGE, NAMED, ONLY_AFTER, ROLES, Behaviour, NamedVm

VMWARE, HYPERV, CLOUD = "VMware", "HyperV", "vCloud"
_CHAIN = 30
_VMS_OF_A_JOB = 100
_MODES = ("incremental", "reverse", "synthetic")
_PLACES = ("vc01@vbr01", "vc02@vbr02", "hv-cluster01@vbr01", "hv02@vbr02")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A backup server."""

    number: int
    name: str
    guid: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """A virtualisation host, as one backup server knows it."""

    number: int
    name: str
    guid: str
    host_type: str
    unique_id: str
    platform: str
    server: Server


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A backup job; its backup has the same number."""

    number: int
    name: str
    guid: str
    server: Server
    platform: str
    mode: str
    """incremental, reverse or synthetic."""
    newest_age_s: int
    """How long before the start the newest run was."""
    period_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VApp:
    """A Cloud Director vApp."""

    number: int
    name: str
    root: Root
    job: Job
    object_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Vm:
    """A VM with a chain of restore points."""

    number: int
    name: str
    root: Root
    job: Job
    object_id: str
    quirks: tuple[str, ...]
    behaviour: Behaviour
    vapp: VApp | None
    digits: int
    """Fraction digits of its points' times (WIRE 2.4)."""

    @property
    def ref(self) -> str:
        """HierarchyObjRef, in one of the spellings that servers use (WIRE T30)."""
        word = self.root.platform
        if "odd-case" in self.quirks:
            word = {"VMware": "VMWare", "HyperV": "Hyperv"}.get(word, word)
        return f"urn:{word}:Vm:{self.root.guid}.{self.object_id}"

    @property
    def restore_s(self) -> float:
        """How long the restore itself takes."""
        return self.behaviour.restore_s or 40.0 + (self.number * 17) % 51


_HOSTS = {
    "vc01": ("VC", VMWARE, "6E1F6A86-21C3-4A5D-9A77-0C9D1B7E4F10"),
    "vc02": ("VC", VMWARE, "b2a4c6d8-13f5-4c3e-8f21-7d5b9e0a3c42"),
    "hv-cluster01": ("HvCluster", HYPERV, "hv-cluster01.demo.internal"),
    "hv02": ("HvServer", HYPERV, "hv02.demo.internal"),
    "vcd01": ("VcdSystem", CLOUD, "f1d3b5a7-02c4-4e6f-8a1b-3c5d7e9f1b24"),
    "vcd02": ("VcdSystem", CLOUD, "0a2c4e6f-8b1d-4f3a-9c5e-7d9f1b3a5c68"),
}


class World:
    """Everything that exists before anyone restores anything."""

    def __init__(self, options: Options, start: datetime) -> None:
        self.seed = 1 if options.seed is None else options.seed
        self.start = start
        self.incident: datetime | None = None
        """Since when all that is backed up is encrypted, a full minute; None where nothing happened."""
        if options.incident:
            self.incident = (start - INCIDENT_AGE).replace(second=0, microsecond=0)
        self.servers = self._make_servers()
        self.roots = self._make_roots()
        self.jobs: list[Job] = []
        self.vapps: list[VApp] = []
        self.vms: list[Vm] = []
        self._jobs_by_key: dict[str, Job] = {}
        self._object_ids = self.ids("object")
        for place, named in NAMED.items():
            for row in named:
                self._add_named(self._root_at(place), row)
        chains = self._chains(options.points)
        self.points = PointTable(self, list(map(self._kept, self.vms, chains)))

    def ids(self, kind: str) -> Ids:
        """The ids of one kind of thing in this world."""
        return Ids(self.seed, kind)

    def is_encrypted(self, created_us: int) -> bool:
        """Whether a point of that time, in microseconds since 1970, was made since the incident."""
        return self.incident is not None and created_us >= self.incident.timestamp() * 1_000_000

    def _kept(self, vm: Vm, chain: int) -> int:
        """How many points retention has left of a chain."""
        if self.incident is None or vm.name not in ONLY_AFTER:
            return chain
        since = int(INCIDENT_AGE.total_seconds()) - vm.job.newest_age_s
        return min(chain, 1 + since // vm.job.period_s)

    def root_by_guid(self, guid: str) -> Root | None:
        """The hierarchy root with this GUID, in any case."""
        return next((root for root in self.roots if root.guid == guid.lower()), None)

    def _make_servers(self) -> tuple[Server, ...]:
        ids = self.ids("BackupServer")
        names = (("vbr01.demo.internal", "Main site"), ("vbr02.demo.internal", "Second site"))
        return tuple(
            Server(number=number, name=name, guid=ids.guid(number), description=text)
            for number, (name, text) in enumerate(names)
        )

    def _make_roots(self) -> tuple[Root, ...]:
        ids = self.ids("HierarchyRoot")
        found = []
        for number, place in enumerate(NAMED):
            host, _, server = place.partition("@")
            kind, platform, unique = _HOSTS[host]
            found.append(Root(
                number=number, name=f"{host}.demo.internal", guid=ids.guid(number), host_type=kind,
                unique_id=unique, platform=platform, server=self.servers[int(server[-1]) - 1],
            ))  # fmt: skip
        return tuple(found)

    def _root_at(self, place: str) -> Root:
        return self.roots[tuple(NAMED).index(place)]

    def _job(self, key: str, name: str, root: Root) -> Job:
        if key not in self._jobs_by_key:
            number = len(self.jobs)
            hourly = name.startswith("Hourly")
            job = Job(
                number=number, name=name, guid=self.ids("Job").guid(number), server=root.server,
                platform=root.platform, mode=_MODES[number % 3],
                newest_age_s=1500 if hourly else 3600 * (3 + number * 5 % 17) + number % 60 * 61,
                period_s=3600 if hourly else 86400,
            )  # fmt: skip
            self.jobs.append(job)
            self._jobs_by_key[key] = job
        return self._jobs_by_key[key]

    def _vapp(self, root: Root, name: str) -> VApp:
        for vapp in self.vapps:
            if vapp.root is root and vapp.name == name:
                return vapp
        job = self._job(f"{root.number}/{name}", f"vApp {name}", root)
        number = len(self.vapps)
        vapp = VApp(
            number=number, name=name, root=root, job=job,
            object_id=f"urn:vcloud:vapp:{self.ids('vapp object').guid(number)}",
        )  # fmt: skip
        self.vapps.append(vapp)
        return vapp

    def _add_named(self, root: Root, row: NamedVm) -> None:
        if row.vapp:
            vapp = self._vapp(root, row.vapp)
            self._add(root, vapp.job, row, vapp)
            return
        kind = ("Nightly", "Hourly", "Weekend")[len(self.vms) % 3]
        self._add(root, self._job(f"{root.number}/{kind}", f"{kind} {root.name}", root), row)

    def _add(self, root: Root, job: Job, row: NamedVm, vapp: VApp | None = None) -> None:
        number = len(self.vms)
        self.vms.append(Vm(
            number=number, name=row.name, root=root, job=job, object_id=self._object_id(root, row, number),
            quirks=row.quirks, behaviour=row.behaviour, vapp=vapp, digits=number % 8,
        ))  # fmt: skip

    def _object_id(self, root: Root, row: NamedVm, number: int) -> str:
        if row.name == "shared01":
            return "vm-900"
        if root.platform == VMWARE or "vcenter-ref" in row.quirks:
            return f"vm-{1000 + number}"
        guid = self._object_ids.guid(number)
        return guid if root.platform == HYPERV else f"urn:vcloud:vm:{guid}"

    def _chains(self, wanted: int) -> list[int]:
        """How many points each VM has; adds generated VMs where the named ones have too few."""
        chains = [vm.vapp.number + 10 if vm.vapp else 12 + (vm.number * 7) % 25 for vm in self.vms]
        if wanted <= 0:
            return chains
        if wanted < sum(chains):
            each, more = divmod(wanted, len(chains))
            return [each + (number < more) for number in range(len(chains))]
        missing = wanted - sum(chains)
        while missing > 0:
            self._add_generated()
            chains.append(min(_CHAIN, missing))
            missing -= _CHAIN
        return chains

    def _add_generated(self) -> None:
        number = len(self.vms)
        batch = number // _VMS_OF_A_JOB
        root = self._root_at(_PLACES[batch % len(_PLACES)])
        job = self._job(f"batch {batch}", f"Batch {batch:03} {root.platform}", root)
        self._add(root, job, NamedVm(name=f"{ROLES[number % len(ROLES)]}-{number:06}"))


RUNS_OF_A_JOB = 100_000
"""Numbers of RestorePoints: job number times this, plus the run."""
VAPP_RUNS = 1_000
_CHAIN_LENGTH = 7
ALGORITHMS = ("Full", "ReversedIncremental", "Incremental", "SyntheticFull")
POINT_TYPES = ("Full", "Increment", "ReverseIncrement")


class PointTable:
    """The VM restore points of a world, and those of its vApps: a million of them fit in 14 MB.

    Points of one VM lie together, newest first; a point is known by its number. `run` counts the runs of
    its job backwards from the newest, so points of one run share a RestorePoint and a backup file.
    """

    def __init__(self, world: World, chains: list[int]) -> None:
        self._world = world
        self.ids = world.ids("VmRestorePoint")
        self.vapp_ids = world.ids("VAppRestorePoint")
        self.run_ids = world.ids("RestorePoint")
        self.file_ids = world.ids("BackupFile")
        self.backup_ids = world.ids("Backup")
        self.chains = chains
        self.vm_of = array("I")
        self.run_of = array("I")
        self.created_us = array("q")
        self.removed: set[int] = set()
        self.version = 0
        """Grows with each change; what was built from an older version is not used any more."""
        self._start_us = int(world.start.timestamp()) * 1_000_000
        for vm, chain in zip(world.vms, chains, strict=True):
            self.vm_of.extend([vm.number] * chain)
            self.run_of.extend(range(chain))
            self.created_us.extend(self._times(vm, chain))
        self.first_of = self._offsets(chains)
        self._runs_of: dict[int, int] = {}
        for vm, chain in zip(world.vms, chains, strict=True):
            self._runs_of[vm.job.number] = max(chain, self._runs_of.get(vm.job.number, 0))

    @staticmethod
    def _offsets(chains: list[int]) -> list[int]:
        offsets, total = [], 0
        for chain in chains:
            offsets.append(total)
            total += chain
        return offsets

    def _times(self, vm: Vm, chain: int) -> list[int]:
        first = self.run_us(vm.job, 0) + vm.number % 97 * 11_000_000
        step, period = 10 ** max(0, 6 - vm.digits), vm.job.period_s * 1_000_000
        jitter = vm.number * 7919
        return [
            (first - run * period + (jitter + run * 104_729) % 1_000_000) // step * step
            for run in range(chain)
        ]

    def run_us(self, job: Job, run: int) -> int:
        """When a run of a job began, in microseconds since 1970."""
        return self._start_us - (job.newest_age_s + run * job.period_s) * 1_000_000

    def all(self) -> range | list[int]:
        """The numbers of all points that still exist."""
        numbers = range(len(self.vm_of))
        return numbers if not self.removed else [n for n in numbers if n not in self.removed]

    def find(self, guid: str) -> int | None:
        """The point with this GUID."""
        number = self.ids.number(guid)
        return number if 0 <= number < len(self.vm_of) and number not in self.removed else None

    def remove(self, number: int) -> None:
        """Take a point away, as retention does."""
        self.removed.add(number)
        self.version += 1

    def add(self, vm: Vm, created_us: int) -> int:
        """A new point of a VM, as the next run of its job makes one."""
        self.vm_of.append(vm.number)
        self.run_of.append(0)
        self.created_us.append(created_us)
        self.version += 1
        return len(self.vm_of) - 1

    def kinds(self, number: int) -> tuple[int, int]:
        """Algorithm and point type, as indexes into `ALGORITHMS` and `POINT_TYPES`."""
        vm = self._world.vms[self.vm_of[number]]
        return kinds_of(vm.job.mode, self.run_of[number], self.chains[vm.number])

    def of_run(self, job: Job, run: int) -> list[int]:
        """The points of all VMs made by one run of a job."""
        found = []
        for vm in self._world.vms:
            number = self.first_of[vm.number] + run
            if vm.job is job and run < self.chains[vm.number] and number not in self.removed:
                found.append(number)
        return found

    def runs(self, job: Job) -> int:
        """How many runs of a job still have points."""
        return self._runs_of.get(job.number, 0)

    def vapp_numbers(self) -> list[int]:
        """The numbers of all vApp points, per vApp newest first."""
        return [
            vapp.number * VAPP_RUNS + run for vapp in self._world.vapps for run in range(self.runs(vapp.job))
        ]


def kinds_of(mode: str, run: int, chain: int) -> tuple[int, int]:
    """Algorithm and point type of a place in a chain (WIRE 3.5)."""
    if mode == "reverse":
        return 1, 0 if run == 0 else 2
    full = (chain - 1 - run) % _CHAIN_LENGTH == 0
    if mode == "synthetic" and full:
        return 3, 0
    return (0, 0) if full else (2, 1)


def wire_time(us: int, digits: int) -> str:
    """`2025-02-03T04:05:06.12` with 0 to 7 fraction digits (WIRE 2.4)."""
    seconds, rest = divmod(us, 1_000_000)
    text = datetime.fromtimestamp(seconds, UTC).isoformat()[:19]
    return f"{text}.{rest:06}0"[: 20 + digits] if digits else text
