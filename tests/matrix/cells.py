"""The cells of the matrix: every fault the embedded server knows, at every step of the way of one restore.

Nothing is listed cell by cell: a fault that is added to the server is in the matrix from then on.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tui.demo.fault_table import AFTER, BEFORE, kind_named


class Step(StrEnum):
    """The steps of one restore, in their order."""

    LOGON = "logon"
    LIST = "list"
    OPEN = "open"
    LOOKUP = "lookup"
    GUARD = "guard"
    """The VM's restore sessions are listed just before the request."""
    SUBMIT = "submit"
    TASK = "task"
    SESSION = "session"
    CANCEL = "cancel"
    REATTACH = "reattach"
    """The program is started again, with its logon session still kept: everything it asks is hit."""
    REATTACH_LATER = "reattach-later"
    """The program is started again and logged on again: the search for the restore session is hit."""


SERVERS_STEP = {Step.GUARD: "session", Step.REATTACH: "any", Step.REATTACH_LATER: "session"}
"""What the embedded server calls the requests of a step, where it is not the step's own name."""
FORMATS = ("json", "xml")
_VARIANTS = {
    "slow": ("slow:0.05", "slow:1.5"),
    "drip": ("drip:0.05",),
    "http-503": ("http-503", "http-503:2"),
}
"""Arguments where the default is not what is wanted; slow once within the program's patience, once beyond."""
_LEFT_OUT = {
    Step.LOGON: "SessionId",
    Step.LOOKUP: "ObjectRef",
    Step.SUBMIT: "State",
    Step.TASK: "State",
    Step.SESSION: "State",
    Step.REATTACH: "State",
    Step.REATTACH_LATER: "State",
}
"""The field `missing` leaves out: what the program cannot do without at that step; else UID."""
POISONS = {"kind": None, "cancel": "paused by a later vbem", "point_created": b"blob"}
"""What stands in a column of a row of the journal that this program did not write."""
BESIDE = {
    **{f"poison-row:{column}": Step.REATTACH for column in POISONS},
    "drop-before+colleague": Step.SUBMIT,
    "drop-before+colleague:unlinked": Step.SUBMIT,
}
"""What is no single fault of the server, and the one step it is tried at: a bad row of the journal, and a
request that is lost while somebody else restores the same VM."""
WORST = {"drop-after-accept": Step.SUBMIT, "drop-before+colleague": Step.SUBMIT}
"""What the gate takes in any case, and where."""
COSTLY = {"endless-sessions"}
"""Page after page is read, each time: the long hunts alone take these, and the tests of restores."""
FEW_PAGES = 20
"""How many pages of sessions are read in those: 200 take longer than the operator's clock waits."""
FAILING = {"stop-no-effect"}
"""After these the restore itself fails, for a reason of its own."""
XML_ONLY = {"bomb"}
"""Entities exist in XML alone; the server sends one whatever was asked for."""
EXCLUDED: dict[tuple[str, Step], str] = {}
"""Cells that by nature cannot be: the reason of each. So far there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One fault at one step, in one format."""

    fault: str
    """As the table of `tui.demo.fault_table` names it, with its argument."""
    step: Step
    wire: str

    @property
    def name(self) -> str:
        """The fault without its argument."""
        return self.fault.partition(":")[0]

    @property
    def spec(self) -> str:
        """What is set at the server."""
        field = f":{_LEFT_OUT.get(self.step, 'UID')}" if self.fault == "missing" else ""
        name, _, argument = self.fault.partition(":")
        if name == "http-503" and argument:
            return f"{name}@{SERVERS_STEP.get(self.step, self.step)}*{argument}"
        return f"{self.fault}{field}@{SERVERS_STEP.get(self.step, self.step)}"

    @property
    def specs(self) -> list[str]:
        """Each fault that is set at the server; none where the journal is spoiled."""
        if self.name == "poison-row":
            return []
        several = self.fault.split("+")
        return [f"{one}@{self.step}*1" for one in several] if len(several) > 1 else [self.spec]

    @property
    def is_impatient(self) -> bool:
        """Whether the cell is about time, so that the program's patience is made short."""
        return self.name in {"slow", "drip", "hold", "hold-reply", "silent"}

    def __str__(self) -> str:
        return f"{self.step}-{self.fault}-{self.wire}"


def all_faults() -> list[str]:
    """Every fault the server knows, with the arguments it is used with, and those beside them."""
    known = [spec for name in sorted(BEFORE | AFTER) for spec in _VARIANTS.get(name, (name,))]
    return [*known, *BESIDE]


def strikes(fault: str, step: Step) -> bool:
    """Whether a fault can happen at a step: some are about one kind of request."""
    if fault in BESIDE:
        return step is BESIDE[fault]
    kind = kind_named(fault.partition(":")[0])
    return not kind.steps or SERVERS_STEP.get(step, str(step)) in kind.steps


def cells(*, gate: bool) -> list[Cell]:
    """The cells of the gate, or those that only the long hunt takes.

    The gate takes every fourth fault, once, at the steps by turns, one format each, by turns, and what is
    worst: a reply that is lost. The long hunt takes all that is left. What each fault does, and what the
    client makes of it, has its tests beside server and client.
    """
    found = []
    for row, fault in enumerate(all_faults()):
        for column, step in enumerate(Step):
            if (fault.partition(":")[0], step) in EXCLUDED or not strikes(fault, step):
                continue
            turn = 1 if fault in XML_ONLY else (row // 2 + column) % len(FORMATS)
            taken = FORMATS[turn : turn + 1] if _is_of_gate(row, fault, step) else ()
            wires = taken if gate else [wire for wire in FORMATS if wire not in taken]
            found += [Cell(fault=fault, step=step, wire=wire) for wire in wires]
    return found


def _is_of_gate(row: int, fault: str, step: Step) -> bool:
    """Whether the gate takes the fault of that row at that step."""
    if fault in WORST:
        return step is WORST[fault]
    if fault in COSTLY or row % 4:
        return False
    steps = [step for step in Step if strikes(fault, step)]
    return step is steps[row // 4 % len(steps)]
