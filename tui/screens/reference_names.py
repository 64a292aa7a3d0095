"""Names for references: what a lookup has shown once in this run is called by its name from then on.

The reference stays the truth: wherever a name stands, the whole reference stands behind or below it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tui.api.models import HierarchyItem
from tui.widgets.table_layout import StyledText
from tui.widgets.text_view import Line

_REFERENCE = re.compile(r"urn:\S+?(?=[.,;]?(?:\s|$))")


class ReferenceNames:
    """The names of references and UIDs, as far as the server has told them."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def learn(self, items: Iterable[HierarchyItem]) -> None:
        """Remember what a lookup answered."""
        self._names.update((item.ref.casefold(), item.name) for item in items if item.name)

    def name_of(self, ref: str) -> str:
        """What a reference is called; empty where nobody has told."""
        return self._names.get(ref.strip().casefold(), "")

    def spell_out(self, words: Iterable[Line]) -> list[Line]:
        """Sentences with names in the place of references; each reference follows on a line of its own."""
        lines: list[Line] = []
        for line in words:
            text = line.text if isinstance(line, StyledText) else line
            known = {ref: name for ref in _REFERENCE.findall(text) if (name := self.name_of(ref))}
            named = _REFERENCE.sub(self._name_or_reference, text)
            lines.append(line._replace(text=named) if isinstance(line, StyledText) else named)
            lead = " " * (len(text) - len(text.lstrip(" ")) + 2)
            # Where a sentence has several, each says which it is.
            several = len(known) > 1
            lines += [
                StyledText(f"{lead}{f'{name}: ' if several else ''}{ref}", "dim")
                for ref, name in known.items()
            ]
        return lines

    def _name_or_reference(self, match: re.Match[str]) -> str:
        return self.name_of(match[0]) or match[0]
