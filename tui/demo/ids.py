"""Ids that follow from the seed and can be read back: a million points need no table of their GUIDs."""

from __future__ import annotations

import hashlib

_BITS = 122  # a version 4 GUID has that many free bits
_MASK = (1 << _BITS) - 1


class Ids:
    """GUIDs of one kind of thing: number -> GUID and back."""

    def __init__(self, salt: object, kind: str) -> None:
        digest = hashlib.sha256(f"{salt}:{kind}".encode()).digest()
        self._factor = int.from_bytes(digest[:16], "big") & _MASK | 1
        self._mask = int.from_bytes(digest[16:], "big") & _MASK
        self._inverse = pow(self._factor, -1, 1 << _BITS)

    def guid(self, number: int) -> str:
        """The GUID of the thing with this number, in lower case."""
        mixed = ((number + 1) * self._factor ^ self._mask) & _MASK
        text = (
            f"{mixed >> 74:012x}4{mixed >> 62 & 0xFFF:03x}{8 | mixed >> 60 & 3:x}{mixed & (1 << 60) - 1:015x}"
        )
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def number(self, guid: str) -> int:
        """The number behind a GUID; -1 if it is not a GUID at all, any large number if it is foreign."""
        text = guid.replace("-", "")
        try:
            value = int(text, 16)
        except ValueError:
            return -1
        if len(text) != 32 or len(guid) != 36:
            return -1
        head, tail = value >> 80, value & (1 << 60) - 1
        mixed = head << 74 | (value >> 64 & 0xFFF) << 62 | (value >> 60 & 3) << 60 | tail
        number = ((mixed ^ self._mask) * self._inverse & _MASK) - 1
        return number if number >= 0 and self.guid(number) == guid.lower() else -1
