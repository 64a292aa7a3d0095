"""How much may go over the line: the full pace, and a low one for a terminal at the far end of SSH."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PROFILES = ("auto", "low", "full")
"""What the command line, the environment and the settings file may say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often what changes by itself is asked for and painted; keys are always answered at once."""

    paint_every_s: float
    """While pages arrive, the lists are painted at most this often."""
    poll_every_s: float
    """Restores that run are asked for, and their progress painted, at most this often."""


FULL = Pace(paint_every_s=0.5, poll_every_s=1.0)
LOW = Pace(paint_every_s=2.0, poll_every_s=2.0)


def pace_of(profile: str, environment: Mapping[str, str]) -> Pace:
    """The pace of a profile; `auto` is low over SSH.

    Raises:
        ValueError: there is no such profile.
    """
    if profile not in PROFILES:
        raise ValueError(
            f"The profile must be {', '.join(PROFILES[:-1])} or {PROFILES[-1]}, not {profile!r}."
        )
    over_ssh = bool(environment.get("SSH_CONNECTION"))
    return LOW if profile == "low" or (profile == "auto" and over_ssh) else FULL
