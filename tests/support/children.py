"""The child process of each logon that no test of a screen is about: it costs more than the logon.

The tests of the process that decodes pages, and of the program in a terminal, have the real one.
"""

from __future__ import annotations

from math import inf

import pytest

from tui.api import client, page_worker


def install(patch: pytest.MonkeyPatch) -> None:
    """Decode each page in this process, as if it were a short one."""
    patch.setattr(client, "_MANY_PAGES", inf)
    patch.setattr(page_worker, "LONG_BYTES", inf)
    patch.setattr(page_worker, "_LONG_GZIP_BYTES", inf)
