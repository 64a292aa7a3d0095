"""The words the server uses for kinds, types and states, read in any case and kept when new."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Self


class OpenEnum(StrEnum):
    """An enumeration that keeps words it does not know: `X("New").value == "New"`."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        for member in cls:
            if member.value.lower() == value.lower():
                return member
        other = str.__new__(cls, value)
        other._name_ = "OTHER"
        other._value_ = value
        return other


class Platform(StrEnum):
    """The three platforms whose VMs can be restored (WIRE 4.4)."""

    label: str
    """The name people use, in full."""

    VSPHERE = "VMware", "VMware vSphere"
    HYPERV = "HyperV", "Hyper-V"
    CLOUD_DIRECTOR = "vCloud", "Cloud Director"
    UNKNOWN = "", "unknown"
    """Not said by the server, or none of the three: never guessed."""

    def __new__(cls, value: str, label: str = "") -> Self:
        platform = str.__new__(cls, value)
        platform._value_, platform.label = value, label
        return platform

    @classmethod
    def from_word(cls, word: str) -> Platform:
        """Read a platform word as servers and people write it: `VMWare`, `Hyper-V`, `Cloud Director`."""
        return PLATFORM_WORDS.get(bare_word(word), cls.UNKNOWN)

    @property
    def short_label(self) -> str:
        """The same name where there is little room; 14 cells at most."""
        return "vSphere" if self is Platform.VSPHERE else self.label


def bare_word(word: str) -> str:
    """Return a word as `PLATFORM_WORDS` has it: small letters, without blanks, dashes and underscores."""
    return re.sub(r"[\s_-]", "", word.casefold())


PLATFORM_WORDS = {
    **dict.fromkeys(("vmware", "vsphere", "vmwarevsphere", "esx", "esxi"), Platform.VSPHERE),
    **dict.fromkeys(("hyperv", "microsofthyperv"), Platform.HYPERV),
    **dict.fromkeys(
        ("vcloud", "vclouddirector", "vcd", "cloud", "clouddirector", "director"),
        Platform.CLOUD_DIRECTOR,
    ),
    "unknown": Platform.UNKNOWN,
}
"""Every name of a platform: the server's, the screens' and people's."""


class PointKind(StrEnum):
    """What a restore point brings back."""

    VM = "VmRestorePoint"
    VAPP = "VAppRestorePoint"

    @property
    def collection(self) -> str:
        """The segment of an address under which such points are."""
        return "vAppRestorePoints" if self is PointKind.VAPP else "vmRestorePoints"


class PointType(OpenEnum):
    """What a point's backup file holds (WIRE 3.5)."""

    FULL = "Full"
    INCREMENT = "Increment"
    REVERSE_INCREMENT = "ReverseIncrement"


class Algorithm(OpenEnum):
    """How the chain of the point is made (WIRE 3.5)."""

    FULL = "Full"
    INCREMENTAL = "Incremental"
    REVERSED_INCREMENTAL = "ReversedIncremental"
    SYNTHETIC_FULL = "SyntheticFull"


class TaskState(OpenEnum):
    """Where a task is; only FINISHED is an end (WIRE 6.1, WIRE T23)."""

    RUNNING = "Running"
    OPERATION_FINISHED = "OperationFinished"
    FINISHED = "Finished"


class SessionState(OpenEnum):
    """Where a restore session is (WIRE 7)."""

    STARTING = "Starting"
    WORKING = "Working"
    STOPPING = "Stopping"
    STOPPED = "Stopped"


class SessionResult(OpenEnum):
    """How a restore session ended; NONE is no end (WIRE 7, WIRE T17)."""

    NONE = "None"
    SUCCESS = "Success"
    WARNING = "Warning"
    FAILED = "Failed"
