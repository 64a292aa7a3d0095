"""One identity for all scripted servers, one embedded Enterprise Manager per worker."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from tests.api.scripted import Answer, Identity, Script, client_of, identity, serving
from tests.support.demo_process import DemoProcess
from tests.support.soak import one_of
from tui.api.client import EnterpriseManager, Trust
from tui.api.models import ServerAddress, WireFormat


@pytest.fixture(scope="session")
def who(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return identity(tmp_path_factory.mktemp("identity"))


Scripted = Callable[..., AbstractAsyncContextManager[tuple[EnterpriseManager, Script]]]


@pytest.fixture
def scripted(who: Identity) -> Scripted:
    """`async with scripted(answer, ..., routes={}, wire=...) as (manager, script)`."""

    @asynccontextmanager
    async def start(
        *answers: Answer, routes: Mapping[str, Answer] | None = None, **options: object
    ) -> AsyncIterator[tuple[EnterpriseManager, Script]]:
        script = Script(answers=list(answers), routes=dict(routes or {}))
        async with serving(script, who), client_of(script, who, **options) as manager:  # type: ignore[arg-type] # options are passed on
            yield manager, script

    return start


@pytest.fixture(scope="session")
def demo_process() -> Iterator[DemoProcess]:
    with DemoProcess.start("--seed", "7", "--time-scale", "0", "--now", "2026-11-23T03:04:05Z") as demo:
        yield demo


@pytest.fixture
def demo(demo_process: DemoProcess) -> DemoProcess:
    """A fresh world."""
    demo_process.reset(casing="pascal", api_version="v1_7", role="portal-admin", cloud_layout="both")
    demo_process.control("clear-faults")
    demo_process.control("clear-requests")
    return demo_process


DIALECTS = ("xml", "json", "json-camel")
IN_EVERY_DIALECT = {"test_a_restore_to_its_end", "test_all_pages_give_all_points_once"}
"""What is read and written whole; that each kind of reply is the same in all dialects is checked offline."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each test that talks to the embedded server its dialect."""
    if "manager" in metafunc.fixturenames:
        name = metafunc.definition.originalname
        metafunc.parametrize("dialect", DIALECTS if name in IN_EVERY_DIALECT else one_of(DIALECTS, name))


@pytest.fixture
async def manager(demo: DemoProcess, dialect: str) -> AsyncIterator[EnterpriseManager]:
    """Logged on to the embedded server, in each format and casing."""
    if dialect == "json-camel":
        demo.reset(casing="camel")
    wire = WireFormat.XML if dialect == "xml" else WireFormat.JSON
    async with EnterpriseManager(
        ServerAddress.parse(demo.url), trust=Trust(ca_file=demo.certificate), wire=wire
    ) as manager:
        await manager.log_on(demo.user, demo.password)
        demo.control("clear-requests")
        yield manager
