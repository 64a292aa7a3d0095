"""One mistake a client could make, and the check of the contract that has to notice it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

Patch = pytest.MonkeyPatch
Apply = Callable[[Patch], None]


@dataclass(frozen=True)
class Mutation:
    """One mistake: what is wrong, the check that notices, how it is made."""

    mistake: str
    noticed_by: str
    apply: Apply


MUTATIONS: list[Mutation] = []


def mutation(noticed_by: str) -> Callable[[Apply], Apply]:
    """Name a mutation by its function and the check that has to fail."""

    def add(apply: Apply) -> Apply:
        MUTATIONS.append(Mutation(apply.__name__, noticed_by, apply))
        return apply

    return add
