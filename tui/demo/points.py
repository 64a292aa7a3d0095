"""All restore points, compactly: three numbers per point, so that a million of them fit in 14 MB.

Points of one VM lie together, newest first; a point is known by its number. `run` counts the runs of
its job backwards from the newest, so points of one run share a RestorePoint and a backup file.
"""

from __future__ import annotations

from array import array
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.demo.world import Job, Vm, World

RUNS_OF_A_JOB = 100_000
"""Numbers of RestorePoints: job number times this, plus the run."""
VAPP_RUNS = 1_000
_CHAIN_LENGTH = 7
ALGORITHMS = ("Full", "ReversedIncremental", "Incremental", "SyntheticFull")
POINT_TYPES = ("Full", "Increment", "ReverseIncrement")


class PointTable:
    """The VM restore points of a world, and those of its vApps."""

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
    """Algorithm and point type of a place in a chain (contract 3.5)."""
    if mode == "reverse":
        return 1, 0 if run == 0 else 2
    full = (chain - 1 - run) % _CHAIN_LENGTH == 0
    if mode == "synthetic" and full:
        return 3, 0
    return (0, 0) if full else (2, 1)


def wire_time(us: int, digits: int) -> str:
    """`2025-02-03T04:05:06.12` with 0 to 7 fraction digits (contract 2.4)."""
    seconds, rest = divmod(us, 1_000_000)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{rest:06}0"[: 20 + digits] if digits else text
