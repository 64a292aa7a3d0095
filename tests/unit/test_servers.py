"""Which servers can be gone to, what they are called, and what they share."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from tests.ui.stage import StageConnection, StageManager
from tests.unit.restores.fakes import FakeClock
from tui.config import Folders, NamedServer, Settings, StartOptions
from tui.servers import Servers, elsewhere_words, name_of
from tui.services import Services
from tui.session import Connection

NAMED = {
    "prod": NamedServer(host="em.lab.example", user=r"CORP\op", cloud_layout="schema", read_only=True),
    "again": NamedServer(host="EM.lab.example:9398"),
    "lab": NamedServer(host="em2.lab.example", user="op"),
}


@pytest.fixture
def servers(tmp_path: Path) -> Servers:
    """Somebody is logged on to em.lab.example."""
    folders = Folders(state=tmp_path / "state", config=tmp_path / "config")
    options = StartOptions(folders=folders, settings=Settings(servers=NAMED), server="em.lab.example")
    servers = Servers(Services(options, clock=FakeClock()))
    servers.admit(cast(Connection, StageConnection(StageManager())))
    return servers


async def test_a_server_is_called_as_the_settings_do_where_it_was_named(servers: Servers) -> None:
    for chosen, name, other in (("", "prod", "again"), ("again", "again", "prod"), ("lab", "prod", "again")):
        servers.current.options.server_name = chosen
        assert name_of(servers.current) == name
        rows = {row.name: row for row in servers.rows()}
        assert list(rows) == ["prod", "again", "lab"]
        assert rows[name].is_current
        assert rows[other].services is rows["lab"].services is None
        assert (rows[name].known_as, rows[other].known_as, rows["lab"].known_as) == ("", name, "")
    servers.current.settings = Settings()
    assert name_of(servers.current) == "em.lab.example:9398"
    assert [(row.name, row.is_current) for row in servers.rows()] == [("em.lab.example:9398", True)]


async def test_each_server_has_what_the_settings_say_of_it_and_one_journal_for_all(servers: Servers) -> None:
    first = servers.current
    first.options.use_server("prod")
    assert (first.options.read_only, first.options.settings.cloud_layout) == (True, "schema")
    new = servers.begin("lab")
    servers.show(new)
    assert (new.options.user, new.options.read_only) == ("op", False)
    assert new.settings.cloud_layout == "seed"
    assert (first.options.user, first.options.read_only) == (r"CORP\op", True)
    new.open_journal()
    assert new.journal is first.journal is not None
    assert servers.login_note == "prod stays logged on. Esc goes back there."
    await new.close()
    assert first.journal.recent() == [], "still open for the other one"
    servers.drop(new)
    servers.show(first)
    await servers.close()
    assert first.journal is None
    assert elsewhere_words(servers.others) == ""
