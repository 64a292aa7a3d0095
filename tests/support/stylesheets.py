"""Style sheets are parsed once for all apps of a worker: each app of each test would parse the same again."""

from __future__ import annotations

import pytest
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.css.types import CSSLocation

_parse_rules = Stylesheet._parse_rules
_parsed: dict[tuple[object, ...], list[RuleSet]] = {}


def _parse_once(
    sheet: Stylesheet, css: str, read_from: CSSLocation, **how: bool | int | str
) -> list[RuleSet]:
    key = (css, read_from, *how.items(), frozenset(sheet._variables.items()))
    if key not in _parsed:
        _parsed[key] = _parse_rules(sheet, css, read_from, **how)  # type: ignore[arg-type]
    return _parsed[key]


def install(patch: pytest.MonkeyPatch) -> None:
    """Let all apps share what was parsed under the same variables."""
    patch.setattr(Stylesheet, "_parse_rules", _parse_once)
    # The same number, told by the interpreter itself: it is asked for some 100,000 times in each test.
    patch.setattr(RuleSet, "__hash__", object.__hash__)
