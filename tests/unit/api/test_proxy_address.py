"""What `--proxy` may be given, and that a wrong value is refused at the start without its password."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.support.terminal import Terminal
from tui.api.proxy import ProxyAddress
from tui.config import Folders, Settings, StartOptions
from tui.services import Services

WRONG = [
    ("proxy.lab:3128", "with its scheme"),
    ("op:S3cret@proxy.lab:3128", "with its scheme"),
    ("socks5://op:S3cret@proxy.lab:1080", "socks5:// is not supported"),
    ("https://op:S3cret@proxy.lab:3128", "https:// is not supported"),
    ("http://op:S3cret@proxy.lab:99999", "host or port"),
    ("http://op:S3cret@proxy.lab:0", "from 1 to 65535"),
    ("http://op:S3cret@proxy.lab:web", "host or port"),
    ("http://op:S3cret@", "host name"),
    ("http://op:S3cret@[::1:3128", "host or port"),
    ("http://op:#S3cret@proxy.lab:3128", "# % as %40"),
    ("http://op:S3cret@proxy.lab:3128/path", "may follow the proxy's port"),
    ("http://op:S3cret@proxy lab:3128", "host name"),
    ("http://op:S3cret%0d%0aX@proxy.lab:3128", "no control characters"),
    ("http://o%3ap:S3cret@proxy.lab:3128", "no colon"),
]


@pytest.mark.parametrize(("text", "words"), WRONG)
def test_a_wrong_proxy_is_refused_without_its_password(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)) as caught:
        ProxyAddress.parse(text)
    assert "http://HOST:PORT" in str(caught.value) or "characters" in str(caught.value)
    assert "S3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "host", "port", "user", "password"),
    [
        ("http://proxy.lab:3128", "proxy.lab", 3128, "", ""),
        (" HTTP://proxy.lab:3128/ ", "proxy.lab", 3128, "", ""),
        ("http://proxy.lab", "proxy.lab", 80, "", ""),
        ("http://[2001:db8::1]:3128", "2001:db8::1", 3128, "", ""),
        ("http://[fe80::1%25eth0]:3128", "fe80::1%eth0", 3128, "", ""),
        ("http://LAB%5Cop:p%40ss%3A@10.0.0.1:8080", "10.0.0.1", 8080, "LAB\\op", "p@ss:"),
    ],
)
def test_a_proxy_is_read(text: str, host: str, port: int, user: str, password: str) -> None:
    assert ProxyAddress.parse(text) == ProxyAddress(host=host, port=port, user=user, password=password)


def test_a_proxy_is_shown_without_its_password() -> None:
    proxy = ProxyAddress.parse("http://op:S3cret@[::1]:3128")
    assert str(proxy) == "[::1]:3128"
    assert "S3cret" not in repr(proxy)
    assert proxy.secrets == ("S3cret", "op:S3cret")


def test_what_the_start_knows_is_shown_without_the_proxys_password(tmp_path: Path) -> None:
    url = "http://op:S3cret@proxy.lab:3128"
    settings = Settings(proxy=url)
    options = StartOptions(
        folders=Folders(state=tmp_path, config=tmp_path, demo=False),
        settings=settings,
        proxy=url,
        secrets=ProxyAddress.parse(url).secrets,
    )
    assert "S3cret" not in repr(options)
    assert "S3cret" in Services(options).secrets


@pytest.mark.parametrize("by", ["option", "environment"])
def test_a_wrong_proxy_is_said_at_the_start(tmp_path: Path, by: str) -> None:
    """One sentence and the exit code of a wrong option; neither screens nor a traceback."""
    url = "socks5://op:S3cret@proxy.lab:1080"
    command = [sys.executable, "-m", "tui", "--state-dir", str(tmp_path / "state")]
    given = {"HOME": str(tmp_path)} | ({"VBEM_PROXY": url} if by == "environment" else {})
    with Terminal([*command, *(["--proxy", url] if by == "option" else [])], env=given) as terminal:
        assert terminal.wait() == 2
        shown = bytes(terminal.raw).decode()
    where = "--proxy" if by == "option" else "VBEM_PROXY"
    assert f"vbem: {where}: A proxy spoken to in socks5:// is not supported" in shown
    assert "S3cret" not in shown
    assert "Traceback" not in shown
    assert "\x1b" not in shown
