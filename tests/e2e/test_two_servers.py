"""Two servers in one run at a real terminal: each is drawn whole, and the last words name both."""

from __future__ import annotations

from tests.e2e.job import Operator, posts, send, to_confirm, to_form
from tests.support.demo_process import DemoProcess
from tests.support.terminal import Terminal


def test_going_to_another_server_and_back_draws_each_and_quitting_names_it(
    operator: Operator, demo: DemoProcess
) -> None:
    demo.control("set", option="time_scale", value=0)
    settings = operator.home / ".config" / "vbem" / "settings.toml"
    settings.parent.mkdir(parents=True, mode=0o700)
    with DemoProcess.start("--seed", "1", "--time-scale", "0") as lab:
        settings.write_text(
            "".join(
                f'[server.{name}]\nhost = "{one.host}:{one.port}"\nfingerprint = "{one.fingerprint}"\n'
                for name, one in (("prod", demo), ("lab", lab))
            )
        )
        with Terminal.vbem("--server", "prod", env=operator.environment) as terminal:
            operator.log_on(terminal)
            to_form(terminal, "wiki01")
            to_confirm(terminal, "wiki01")
            send(terminal)
            terminal.until("wiki01: launching")
            terminal.press("S")
            terminal.until("> prod")
            terminal.press("down", "enter")
            terminal.until(
                lambda text: "prod stays logged on. Esc goes back there." in text and "wiki01" not in text
            )
            terminal.press(lab.password, "enter")
            terminal.until(
                lambda text: "points loaded" in text and "OTHER SERVERS  1 in flight on prod" in text
            )
            terminal.press("S")
            terminal.until("> lab")
            terminal.press("up", "enter")
            terminal.until(
                lambda text: (
                    "wiki01: launching" in text
                    and "OTHER SERVERS" not in text
                    and "points loaded" not in text
                )
            )
            terminal.ctrl("q")
            terminal.until("prod: 1 restore is still in flight")
            terminal.press("right", "enter")
            assert terminal.wait() == 0
        assert "prod: 1 restore is still in flight" in bytes(terminal.raw).decode()
        assert posts(lab) == []
        assert len(lab.requests("logoff")) == 1, (
            "its logon was in memory only, and nothing is in flight there"
        )
    assert len(posts(demo)) == 1
