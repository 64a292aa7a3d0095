"""One server has one name: whatever was typed, one normal form is dialled, pinned, kept and shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.api.models import ServerAddress

ONE = {
    "em01:9398": (
        "em01",
        "EM01",
        "  em01 ",
        "em01.",
        "Em01.:9398",
        "https://em01/",
        "HTTPS://EM01:9398/api/?x=1",
    ),
    "em.corp.example:9398": (
        "em.corp.example.",
        "EM.Corp.Example",
        "em.corp.example.:9398",
        "em\u3002corp.example",
    ),
    "xn--mnchen-3ya.example:9398": (
        "m\u00fcnchen.example",
        "M\u00dcNCHEN.Example.",
        "XN--MNCHEN-3YA.example",
    ),
    "10.0.0.7:9398": (
        "10.0.0.7",
        "10.0.0.7.",
        "::ffff:10.0.0.7",
        "[::FFFF:a00:7]:9398",
        "\uff11\uff10.0.0.7",
    ),
    "[2001:db8::7]:443": ("[2001:db8::7]:443", "[2001:DB8:0:0::7]:443", "https://[2001:db8::7]:443/api"),
    "[fe80::1%eth0]:9398": ("fe80::1%eth0", "[fe80::1%eth0]", "[fe80::1%25eth0]", "FE80:0::1%eth0"),
}


@pytest.mark.parametrize("name", ONE)
def test_one_server_has_one_name_however_it_is_typed(name: str) -> None:
    for typed in ONE[name]:
        address = ServerAddress.parse(typed)
        assert str(address) == name, typed
        assert ServerAddress(host=address.host, port=address.port) == address
        assert ServerAddress.parse(str(address)) == address


def test_the_interface_of_an_address_stays_here() -> None:
    """Server and certificate know nothing of it."""
    address = ServerAddress.parse("[fe80::1%25eth0]:9398")
    assert (address.name, address.host_header) == ("fe80::1", "[fe80::1]:9398")


WRONG = {
    "port": (
        "em01:0",
        "em01:99999",
        "em01:",
        "em01:x",
        "em01:+1",
        "em01:\u0969",
        "em01:9398:",
        "[::1]:",
        "https:/em01",
    ),
    "https": ("http://em01", "ftp://em01", "em01/x://y"),
    "user": ("op@em01", "op:secret@em01:9398", "https://op@em01"),
    "four plain numbers": ("0x7f.1", "127.1", "010.0.0.1", "2130706433", "1.2.3.4.5", "256.0.0.1", "em.0x"),
    "letters, digits": (
        "em 01",
        "em\t01",
        "em\\x",
        "em..corp",
        ".em",
        "em%2ecorp",
        "em01,em02",
        "*.em",
        "a" * 64,
    ),
    "xn--": ("stra\u00dfe.example", "a\u200db.example", "\ud800"),
    "IPv6": ("1:2:3", "[em01]:1", "[::1", "[::1]x", "[fe80::1%]", "fe80::1%et h0", ":::"),
    "name or IP": ("", " ", ":9398", "https://", "//em01"),
}


@pytest.mark.parametrize("words", WRONG)
def test_what_can_be_read_two_ways_is_asked_back(words: str) -> None:
    for typed in WRONG[words]:
        with pytest.raises(ValueError, match=words) as caught:
            ServerAddress.parse(typed)
        assert "secret" not in str(caught.value)


@given(st.text(alphabet="aE\u00fc0.1:[]%x-_@/ ", max_size=12) | st.text(max_size=12))
def test_any_text_is_an_address_in_normal_form_or_an_error(text: str) -> None:
    try:
        address = ServerAddress.parse(text)
    except ValueError:
        return
    assert ServerAddress.parse(str(address)) == address
    assert address.host.isascii()
