"""Every mutation is noticed by the check that claims to mind it."""

from __future__ import annotations

import pytest

from tests.api import mutations, mutations_calls  # noqa: F401 - each adds its mistakes
from tests.api.lab import FACTS, WRITERS, Lab
from tests.api.mutation import MUTATIONS, Mutation
from tests.api.scripted import Identity
from tests.api.test_conformance_client import test_fact as _facts_are_loaded  # noqa: F401
from tui.api.codec import jsonpoints
from tui.api.codec import points as codec_points

CHECKS = {fact.check.__name__: fact for fact in FACTS}


def forget() -> None:
    """What was read before a mutation must not answer for it."""
    for remembered in (codec_points.server_in, codec_points.restore_point_in, codec_points.marked_path):
        remembered.forget()
    codec_points._platform_word.cache_clear()
    jsonpoints.forget()


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.mistake)
async def test_a_mistake_is_noticed(
    mutation: Mutation, who: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = CHECKS[mutation.noticed_by].check
    noticed = []
    forget()
    with monkeypatch.context() as patch:
        mutation.apply(patch)
        for dialect in WRITERS:
            try:
                await check(Lab(dialect, who))
            except (Exception, pytest.fail.Exception):  # noqa: BLE001 - however it notices
                noticed.append(dialect)
    forget()
    assert noticed, f"{mutation.noticed_by} does not notice that {mutation.mistake.replace('_', ' ')}"
    for dialect in noticed:
        await check(Lab(dialect, who))
