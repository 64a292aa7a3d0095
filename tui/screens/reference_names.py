"""Names in the place of references: what a lookup has shown once in this run is called by its name.

The reference stays the truth: wherever a name stands, the whole reference stands behind or below it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tui.restores.forms.fields import ReferenceNames
from tui.widgets.table_layout import StyledText
from tui.widgets.text_view import Line

_REFERENCE = re.compile(r"urn:\S+?(?=[.,;]?(?:\s|$))")


def spell_out(names: ReferenceNames, words: Iterable[Line]) -> list[Line]:
    """Return sentences with names in the place of references; each reference follows on a line of its own."""
    lines: list[Line] = []
    for line in words:
        text = line.text if isinstance(line, StyledText) else line
        known = {ref: name for ref in _REFERENCE.findall(text) if (name := names.name_of(ref))}
        named = _REFERENCE.sub(lambda match: names.name_of(match[0]) or match[0], text)
        lines.append(line._replace(text=named) if isinstance(line, StyledText) else named)
        lead = " " * (len(text) - len(text.lstrip(" ")) + 2)
        # Where a sentence has several, each says which it is.
        several = len(known) > 1
        lines += [
            StyledText(f"{lead}{f'{name}: ' if several else ''}{ref}", "dim") for ref, name in known.items()
        ]
    return lines
