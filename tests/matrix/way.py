"""One cell from its beginning to its end: up to the step, the fault, its looks, and on to the end."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from tests.matrix import truth
from tests.matrix.cells import FAILING, Cell, Step
from tests.matrix.lab import IMPATIENT, PATIENT, Lab
from tests.matrix.operator import SIZE, Operator
from tests.matrix.rules import check_told
from tui.restore_states import RestoreState
from tui.restores.restore import Restore

_COMES_FROM = {
    Step.LIST: Step.LOGON,
    Step.CANCEL: Step.TASK,
    Step.REATTACH: Step.TASK,
    Step.REATTACH_LATER: Step.TASK,
}
"""Before which step the fault is set, where it is another: the list follows the logon unasked."""
_ENDS = {RestoreState.SUCCEEDED}


@dataclass
class Walk:
    """One cell."""

    cell: Cell
    lab: Lab
    fired: int = 0

    async def walk(self) -> None:
        """Go the whole way; whatever is wrong on it is an AssertionError."""
        self.lab.set_up()
        self.lab.timeouts = IMPATIENT if self.cell.is_impatient else PATIENT
        memory = truth.Memory()
        confirmed = 0
        async with self.lab.start().run_test(size=SIZE) as pilot:
            operator = Operator(pilot, self.lab, looks_up=self.cell.step is Step.LOOKUP)
            await operator.settle()
            before = _COMES_FROM.get(self.cell.step, self.cell.step)
            await operator.go_on(lambda: operator.next_step is before, before)
            if not self._starts_again:
                await self._be_struck(operator)
                await self._go_to_the_end(operator)
            confirmed = operator.confirmed
        if self._starts_again:
            await self._start_again(confirmed)
        assert memory.growth_mb < truth.MOST_GROWTH_MB

    @property
    def _starts_again(self) -> bool:
        return self.cell.step in {Step.REATTACH, Step.REATTACH_LATER}

    async def _start_again(self, confirmed: int) -> None:
        if self.cell.step is Step.REATTACH_LATER:
            self.lab.sessions.kept.clear()
        self.lab.misbehave(self.cell)
        async with self.lab.start().run_test(size=SIZE) as pilot:
            operator = Operator(pilot, self.lab)
            operator.confirmed = confirmed
            await operator.settle()
            await self._look(operator)
            await self._go_to_the_end(operator)

    async def _be_struck(self, operator: Operator) -> None:
        self.lab.misbehave(self.cell)
        if self.cell.step is Step.CANCEL:
            await operator.cancel()
        elif self.cell.step in {Step.TASK, Step.SESSION}:
            await operator.polls()
        else:
            await operator.move()
        await self._look(operator)

    async def _look(self, operator: Operator) -> None:
        """What is there while the server still misbehaves."""
        if self.cell.step is Step.REATTACH_LATER:
            await operator.move()
            await operator.polls()
            await operator.press("ctrl+t")
        self.fired = self.lab.demo.fired() if self.cell.specs else 1
        await operator.sees(lambda: check_told(self.cell, operator))
        await truth.check_all(operator)
        self.lab.demo.clear_faults()

    async def _go_to_the_end(self, operator: Operator) -> None:
        """The server behaves again: the job can be finished, and nothing was lost."""
        if self.cell.name == "slow" and self.cell.step is Step.SUBMIT:
            # The server's slowness is in real seconds: the operator's clock must not run ahead of it.
            async with asyncio.timeout(30):
                while not self.lab.restores():  # noqa: ASYNC110 - another process begins it
                    await asyncio.sleep(0.05)
        await operator.go_on(lambda: any(map(self._is_at_its_end, operator.restores[-1:])), "the end")
        await truth.check_all(operator)
        (begun,) = self.lab.restores()
        # The server has no word for a launch that it stopped: its task is gone, as lost ones are.
        is_untold = begun["launch_stopped"] or operator.restores[-1].is_settled
        good = RestoreState.FAILED if self.cell.name in FAILING else RestoreState.SUCCEEDED
        expected = RestoreState.UNKNOWN if is_untold else good
        assert operator.restores[-1].state is expected, operator.shown
        assert operator.restores[-1].point_uid.endswith(begun["point"])

    def _is_at_its_end(self, one: Restore) -> bool:
        """Whether nothing more will be learned of it."""
        ends = _ENDS | {RestoreState.FAILED} if self.cell.name in FAILING else _ENDS
        return one.state in ends or (one.is_quiet and bool(self.lab.restores()))
