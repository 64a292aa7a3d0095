"""The page that is read before a server's: as a server's would be, so that the same is looked up."""

from __future__ import annotations

import pytest

from tui.api.codec import jsonpoints
from tui.api.codec.listing import Listing
from tui.api.models import Platform, RestorePoint
from tui.api.models.columns import PointColumns
from tui.api.rehearsal import POINTS, rehearsed_page


def test_it_is_read_the_fast_way_and_lacks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Listing[RestorePoint] | None] = []
    fast = jsonpoints.fast_points

    def noted(body: bytes) -> Listing[RestorePoint] | None:
        read.append(fast(body))
        return read[-1]

    monkeypatch.setattr("tui.api.codec.json.fast_points", noted)
    page = rehearsed_page()
    assert read
    assert read[0] is not None
    assert isinstance(page.items, PointColumns)
    assert len({point.uid for point in page.items}) == POINTS
    for point in page.items:
        assert point.platform is Platform.VSPHERE
        assert point.server_name
        assert point.restore_point_id
        assert point.restore_href
