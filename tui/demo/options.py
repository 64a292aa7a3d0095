"""What the embedded server can be told: each switch stands for something that differs between real
servers, or that no source answers (WIRE 12)."""

from __future__ import annotations

import argparse
import ipaddress
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path

from tui.demo.vms import INCIDENT_AGE, ONLY_AFTER

VERSIONS = ("v1_4", "v1_5", "v1_6", "v1_7")
HREF_HOST = "https://em01.demo.internal:9398"
DEFAULT_USER = "LAB\\restore-op"
DEFAULT_PASSWORD = "demo-Passw0rd"  # noqa: S105 - a made-up account of a made-up server


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """One complete set of switches; `reset` and `set` of the control channel make new ones."""

    password: str = DEFAULT_PASSWORD
    """Of every account that may log on."""
    points: int = 0
    """VM restore points in the world; 0 is the named VMs alone."""
    seed: int | None = None
    """Same seed, same world and same ids. None: the world of seed 1, but run-time ids (tokens, restore
    sessions) that no earlier run had, as after a restart of a real server."""
    time_scale: float = 1.0
    """How many seconds of the server pass in one real second; 0: only `advance` moves its clock."""
    now: datetime | None = None
    """The server's time at start; None is the real one."""
    api_version: str = "v1_7"
    """The newest API version the server has; v1_4 behaves as 9.5 Update 4."""
    casing: str = "pascal"
    """Keys of JSON replies: pascal (up to 12) or camel (13)."""
    cloud_layout: str = "both"
    """Which wrapper a Cloud Director restore may have (WIRE 5.1, WIRE Q6)."""
    misordered: str = "reject"
    """What happens to XML elements in the wrong order: 400, or silently ignored as .NET does."""
    empty_body: str = "accept"
    """Whether a restore without body starts one over the original (WIRE T14)."""
    page_size: int = 100
    """Rows on a page when the client does not say."""
    cancel: str = "launch-only"
    """What DELETE on a task stops (WIRE Q7)."""
    asks_for: str = "credentials"
    """What the launch of `vault01` asks for (WIRE 6.1): credentials, confirmation or both."""
    tokens: str = "session-id"
    """What tokens are: made of the text of the SessionId, or of bytes that tell nothing (WIRE 1.4)."""
    unlisted_versions: str = "reject"
    """Whether a logon may name an API version that is not offered any more (WIRE 1.2)."""
    root_uid: str = "own"
    """What the UID of a hierarchy root holds: its own id, or the host's UniqueId (WIRE 8.1)."""
    incident: bool = False
    """Something encrypted every VM `INCIDENT_AGE` before the start: see `tui.demo.vms`."""
    colleague: bool = False
    """Somebody else restores a VM over its original every ten minutes."""
    role: str = "portal-admin"
    """Rights of the account (WIRE 1.6)."""
    ignores_keep_original: bool = False
    """An older server: it does not know KeepOriginalVM and overwrites."""
    href_host: str = HREF_HOST
    """What the server thinks its address is; is in every Href (WIRE T16)."""
    certificate: str = "good"
    """good, expired, wrong-name or hostile-name."""
    fixed_identity: bool = False
    """Key and certificate derived from the seed, byte for byte the same each time."""
    identity_dir: Path | None = None
    """Where key and certificate are kept between runs."""

    @property
    def version(self) -> int:
        """The minor number of the API version: 4 for v1_4."""
        return int(self.api_version.rpartition("_")[2])

    @property
    def knows_keep_original(self) -> bool:
        """Whether KeepOriginalVM means anything to the server; else it overwrites."""
        return not self.ignores_keep_original and self.version > 4

    def changed(self, name: str, value: object) -> Options:
        """These options with one of them changed, as the control channel asks.

        Raises:
            ValueError: there is no such option, or the value does not fit.
        """
        name = name.replace("-", "_")
        if name not in {item.name for item in fields(self)}:
            raise ValueError(f"there is no option {name!r}")
        if name in CHOICES and value not in CHOICES[name]:
            raise ValueError(f"{name} is one of {', '.join(CHOICES[name])}")
        if name == "now" and isinstance(value, str):
            value = moment(value)
        if name == "identity_dir" and isinstance(value, str):
            value = Path(value)
        return replace(self, **{name: value})  # type: ignore[arg-type]


CHOICES: dict[str, tuple[str, ...]] = {
    "api_version": VERSIONS,
    "casing": ("pascal", "camel"),
    "cloud_layout": ("seed", "schema", "both"),
    "misordered": ("reject", "ignore"),
    "empty_body": ("accept", "reject"),
    "cancel": ("launch-only", "stops", "none"),
    "asks_for": ("credentials", "confirmation", "both"),
    "tokens": ("session-id", "opaque"),
    "unlisted_versions": ("reject", "accept"),
    "root_uid": ("own", "unique-id"),
    "role": ("portal-admin", "portal-user", "restore-operator"),
    "certificate": ("good", "expired", "wrong-name", "hostile-name"),
}
_HELP = {
    "api_version": "newest API version the server has",
    "casing": "keys of JSON replies",
    "cloud_layout": "accepted wrapper of Cloud Director restores",
    "misordered": "XML elements in the wrong order",
    "empty_body": "a restore request without body",
    "cancel": "what deleting a task stops",
    "asks_for": "what the launch of vault01 asks for",
    "tokens": "what the tokens of logon sessions are made of",
    "unlisted_versions": "a logon that names an older API version than offered",
    "root_uid": "what the UID of a hierarchy root holds",
    "role": "rights of the account",
    "certificate": "what certificate to show",
}
_INCIDENT_HELP = (
    f"something encrypted all VMs {int(INCIDENT_AGE.total_seconds() // 60)} minutes before the start "
    "(`incident` in the JSON line): later points restore with Warning, "
    f"{' and '.join(sorted(ONLY_AFTER))} have no earlier one"
)


PASSWORD_VARIABLE = "VBEM_DEMO_PASSWORD"  # noqa: S105 - a variable's name


def own_password(host: str, environ: Mapping[str, str]) -> str:
    """The password of a server on an address: everybody knows the usual one, so it is for loopback alone.

    Raises:
        ValueError: the environment names the usual one for an address that others can reach.
    """
    chosen, is_open = environ.get(PASSWORD_VARIABLE, ""), not is_loopback(host)
    if is_open and chosen == DEFAULT_PASSWORD:
        raise ValueError(
            f"others can reach {host or 'every address'}, and everybody knows the password in "
            f"{PASSWORD_VARIABLE}; choose another, or unset it to have one made"
        )
    return chosen or (secrets.token_urlsafe(12) if is_open else DEFAULT_PASSWORD)


def is_loopback(host: str) -> bool:
    """Whether only this computer reaches an address; a name other than localhost may lead anywhere."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def moment(text: str) -> datetime:
    """Read an ISO 8601 time; without an offset it is UTC."""
    parsed = datetime.fromisoformat(text)
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the server's switches to a command line."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on; see below")
    parser.add_argument("--port", type=int, default=0, metavar="N", help="port to listen on; 0 takes any")
    parser.add_argument("--points", type=int, default=0, metavar="N", help="number of VM restore points")
    parser.add_argument("--seed", type=int, metavar="N", help="same seed, same world and ids")
    parser.add_argument("--time-scale", type=float, default=1.0, metavar="X", help="speed; 0 stands still")
    parser.add_argument("--now", type=moment, metavar="ISO", help="the server's time at start")
    parser.add_argument("--page-size", type=int, default=100, metavar="N", help="rows of a page by default")
    parser.add_argument("--ignores-keep-original", action="store_true", help="overwrite as an old server")
    parser.add_argument("--incident", action="store_true", help=_INCIDENT_HELP)
    parser.add_argument("--colleague", action="store_true", help="have somebody else restore VMs, too")
    parser.add_argument("--href-host", default=HREF_HOST, metavar="URL", help="host in every Href")
    parser.add_argument("--fault", action="append", default=[], metavar="FAULT", help="misbehave; see below")
    parser.add_argument("--identity-dir", type=Path, metavar="DIR", help="keep key and certificate here")
    parser.add_argument("--fixed-identity", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--control", action="store_true", help="take JSON lines on standard input")
    for name, choices in CHOICES.items():
        flag, default = "--" + name.replace("_", "-"), getattr(Options(), name)
        parser.add_argument(flag, choices=choices, default=default, help=_HELP[name])


def from_namespace(namespace: argparse.Namespace) -> Options:
    """The server's switches out of a parsed command line."""
    given = vars(namespace)
    return Options(**{item.name: given[item.name] for item in fields(Options) if item.name in given})
