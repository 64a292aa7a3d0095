"""What must hold for whatever a call of the client gives: models of the declared types, safe to show."""

from __future__ import annotations

import re
import types
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
from rich.cells import cell_len

from tui.api.errors import ManagerError
from tui.api.models import RestorePoint
from tui.sanitize import safe

CELLS = 60
UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)
_seen: set[str] = set()
_SEEN_AT_MOST = 200_000


def check(found: object) -> None:
    """Fail on anything that is not of its declared type or cannot be shown safely."""
    if isinstance(found, ManagerError):
        for text in (str(found), found.detail, found.hint):
            check(text)
    elif isinstance(found, str):
        _check_text(found)
    elif isinstance(found, list | tuple | set):
        for each in found:
            check(each)
    elif is_dataclass(found) or isinstance(found, msgspec.Struct):
        _check_model(found)


def _check_text(text: str) -> None:
    if text in _seen:
        return
    if len(_seen) > _SEEN_AT_MOST:
        _seen.clear()
    if len(text) < 200:
        _seen.add(text)
    shown = safe(text, cells=CELLS)
    assert not UNSAFE.search(shown), (text, shown)
    assert cell_len(shown) <= CELLS, (text, shown)
    shown.encode()


def _check_model(model: Any) -> None:  # noqa: ANN401 - any model
    for name, kinds in _types_of(model.__class__).items():
        held = getattr(model, name)
        assert isinstance(held, kinds), f"{type(model).__name__}.{name} is {held!r}"
        check(held)
    for name in _properties_of(model.__class__):
        check(getattr(model, name))


@cache
def _types_of(kind: type[Any]) -> dict[str, tuple[type, ...]]:
    hints = get_type_hints(kind)
    names = kind.__struct_fields__ if kind is RestorePoint else [each.name for each in fields(kind)]
    return {name: _plain(hints[name]) for name in names}


def _plain(hint: Any) -> tuple[type, ...]:  # noqa: ANN401 - whatever an annotation may be
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return tuple(kind for each in get_args(hint) for kind in _plain(each))
    return (origin or hint,) if isinstance(origin or hint, type) else (object,)


@cache
def _properties_of(kind: type[Any]) -> tuple[str, ...]:
    return tuple(name for name in dir(kind) if isinstance(getattr(kind, name), property))
