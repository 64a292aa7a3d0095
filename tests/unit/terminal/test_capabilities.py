"""What the terminal can show, by the names in the environment."""

from __future__ import annotations

import pytest

from tui.terminal.capabilities import environment_at_start, is_utf8


@pytest.mark.parametrize(
    ("variables", "utf8"),
    [
        ({}, False),
        ({"LC_ALL": "C"}, False),
        ({"LC_ALL": "POSIX", "LANG": "en_US.UTF-8"}, False),
        ({"LANG": "en_US.UTF-8"}, True),
        ({"LC_ALL": "", "LC_CTYPE": "", "LANG": "C.utf8"}, True),
        ({"LC_CTYPE": "de_DE.ISO-8859-15@euro", "LANG": "de_DE.UTF-8"}, False),
        ({"LC_CTYPE": "de_DE.utf8@euro", "LANG": "C"}, True),
        ({"LC_CTYPE": "UTF-8"}, True),
        ({"LC_ALL": "ja_JP.eucJP"}, False),
        ({"LC_ALL": "xx_YY.UTF-8"}, True),
        ({"LC_CTYPE": "C", "LANG": "en_US.UTF-8"}, False),
        ({"PYTHONUTF8": "1", "LANG": "C"}, False),
    ],
)
def test_the_codeset_of_the_locale_decides(variables: dict[str, str], utf8: bool) -> None:
    assert is_utf8(variables) is utf8


def test_a_locale_without_a_codeset_is_asked_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    for codeset, utf8 in (("UTF-8", True), ("ISO-8859-1", False)):
        monkeypatch.setattr("locale.nl_langinfo", lambda _, said=codeset: said)
        assert is_utf8({"LANG": "vi_VN"}) is utf8


def test_the_environment_of_the_start_is_not_the_one_that_python_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VBEM_SET_LATER", "1")
    assert "VBEM_SET_LATER" not in environment_at_start()
    assert environment_at_start()["PATH"]
