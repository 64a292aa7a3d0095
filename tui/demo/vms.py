"""The named VMs of the demo world, and which of them do what when they are restored.

| VM | where | what happens |
|---|---|---|
| any other | | launch 6 s, then 2 s OperationFinished, restored after 40 to 90 s with Success |
| `archive01` | vSphere, vbr01 | launches for 45 s: time to cancel |
| `erp01`, `terminal01` | vSphere vbr01, Hyper-V vbr01 | ends with Warning (`terminal01` without a message) |
| `crm01`, `till 07`, `lab-db` | vSphere vbr01, Hyper-V vbr02, Cloud Director vbr02 | Failed, with a message |
| `legacy01` | vSphere, vbr01 | Failed, and the server does not say why (WIRE T37) |
| `broken01` | vSphere, vbr01 | the launch itself fails: task Finished, Success=false |
| `vault01` | vSphere, vbr02 | the launch fails and asks back (CredentialsNeeded, or as `--asks-for` says) |
| `kiosk01` | vSphere, vbr01 | the 202 already carries a Finished task (WIRE T22) |
| `print01` | vSphere, vbr01 | task Finished, Success=true, but no link to a restore session |
| `early01` | vSphere, vbr02 | Result and session link already while the task is Running (WIRE T22) |
| `scan01`, `dns01`, `ntp01` | vSphere, vbr02 | no Progress; Progress 0; EndTimeUTC 1753 while running |
| `huge01` | vSphere, vbr02 | restores for 15 minutes |

Same names are on purpose: `app01` is on vSphere (both servers) and Hyper-V, `web01` on all three
platforms, `shared01` is one VM whose vCenter was added to both backup servers.

With `--incident` something encrypted every VM `INCIDENT_AGE` before the start. What is restored from a point
of since then ends with Warning and `ENCRYPTED_MESSAGE`, unless it fails anyway. The VMs of `ONLY_AFTER` have
no point of before; `app01` and `shop-db` are names of several VMs; the datastore of `crm01` is full.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How a restore of one VM goes; all times in seconds of the server."""

    launch_s: float = 6.0
    collect_s: float = 2.0
    restore_s: float = 0.0
    """0: between 40 and 90, by the VM's number."""
    result: str = "Success"
    message: str = ""
    launch_failure: str = ""
    """Not empty: the task ends with Success=false and this message."""
    asks_back: bool = False
    """The launch fails because it wants to know more; `--asks-for` says what."""
    finished_at_once: bool = False
    session_link: bool = True
    early_result: bool = False
    """Result and Related link are there while the task is still Running (WIRE T22)."""
    stopping_s: float = 0.0
    """How long it says Stopping before it ends by itself."""
    progress: str = "shown"
    """shown, missing or zero (WIRE T18)."""
    end_sentinel: bool = False
    """EndTimeUTC is 1753 while running, instead of absent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedVm:
    """One row of the table below."""

    name: str
    quirks: tuple[str, ...] = ()
    """`no-display-name`, `no-vm-name`, `no-ref`, `no-file`, `no-restore-link`, `vcenter-ref`, `odd-case`."""
    behaviour: Behaviour = Behaviour()
    vapp: str = ""


def _vm(name: str, *quirks: str, behaviour: Behaviour | None = None, vapp: str = "") -> NamedVm:
    return NamedVm(name=name, quirks=quirks, behaviour=behaviour or Behaviour(), vapp=vapp)


_SLOW = Behaviour(launch_s=45.0)
_WARNING = Behaviour(result="Warning", message="VM was restored, but its network is not connected")
_SILENT_WARNING = Behaviour(result="Warning")
_FAILED = Behaviour(result="Failed", message="Failed to restore VM: not enough free space on datastore")
_SILENT_FAILED = Behaviour(result="Failed")
_BROKEN = Behaviour(launch_failure="Host esx07.demo.internal is in maintenance mode")
_VAULT = Behaviour(launch_failure="Guest credentials are required", asks_back=True)

INCIDENT_AGE = timedelta(hours=2, minutes=45)
"""How long before the start everything was encrypted: between two runs of each job."""
ONLY_AFTER = frozenset({"wiki01", "hv-files01"})
"""VMs whose older points retention has taken away."""
ENCRYPTED_MESSAGE = "VM was restored, but files on its disks are encrypted (READ_ME_TO_DECRYPT.txt)"


def encrypted(behaviour: Behaviour) -> Behaviour:
    """How a restore from a point of after the incident goes, where it goes well at all."""
    if behaviour.launch_failure or behaviour.result == "Failed":
        return behaviour
    return replace(behaviour, result="Warning", message=ENCRYPTED_MESSAGE)


NAMED: dict[str, tuple[NamedVm, ...]] = {
    "vc01@vbr01": (
        _vm("app01"), _vm("app02"), _vm("app03", "no-display-name"), _vm("db01"), _vm("db02", "no-file"),
        _vm("web01"), _vm("web02", "no-ref"), _vm("mail01"), _vm("files01"), _vm("dc01", "no-vm-name"),
        _vm("archive01", behaviour=_SLOW), _vm("erp01", behaviour=_WARNING),
        _vm("crm01", behaviour=_FAILED), _vm("legacy01", behaviour=_SILENT_FAILED),
        _vm("broken01", behaviour=_BROKEN), _vm("kiosk01", behaviour=Behaviour(finished_at_once=True)),
        _vm("print01", behaviour=Behaviour(session_link=False)), _vm("file server (old)"),
        _vm("[TNT9]:Web 1"), _vm('Tom\'s "test" & <demo>; a,b'), _vm("ops@night"), _vm("größe-Ω"),
        _vm("日本語サーバー"), _vm("snapshot-only", "no-restore-link"), _vm("shared01"),
    ),
    "vc02@vbr02": (
        _vm("app01"), _vm("app02", "odd-case"), _vm("web01"), _vm("sql01"), _vm("sql02"), _vm("monitor01"),
        _vm("wiki01"), _vm("git01"), _vm("build01"), _vm("build02"), _vm("jump01"),
        _vm("early01", behaviour=Behaviour(early_result=True)),
        _vm("scan01", behaviour=Behaviour(progress="missing")),
        _vm("dns01", behaviour=Behaviour(progress="zero")),
        _vm("ntp01", behaviour=Behaviour(end_sentinel=True)), _vm("vault01", behaviour=_VAULT),
        _vm("huge01", behaviour=Behaviour(restore_s=900.0)), _vm("App01-test"),
    ),
    "vc01@vbr02": (_vm("shared01"), _vm("web02")),
    "hv-cluster01@vbr01": (
        _vm("app01"), _vm("web01", "odd-case"), _vm("Exchange 2019"), _vm("RDS Farm 1"), _vm("hv-sql01"),
        _vm("terminal01", behaviour=_SILENT_WARNING), _vm("hv-dc01", "no-ref"), _vm("hv-files01"),
    ),
    "hv02@vbr02": (
        _vm("app01"), _vm("Branch Files"), _vm("nas-gw01", "odd-case"), _vm("till 07", behaviour=_FAILED),
        _vm("till 08"),
    ),
    "vcd01@vbr01": (
        _vm("shop-web", vapp="shop"), _vm("shop-app", vapp="shop"), _vm("shop-db", "no-file", vapp="shop"),
        _vm("web01", vapp="intranet"), _vm("intranet-db", "no-ref", vapp="intranet"),
        _vm("tenant dc 1", vapp="tenant [A]"), _vm("tenant-app", "vcenter-ref", vapp="tenant [A]"),
    ),
    "vcd02@vbr02": (
        _vm("lab-web", vapp="lab"), _vm("lab-db", behaviour=_FAILED, vapp="lab"),
        _vm("shop-web", vapp="shop"), _vm("shop-db", vapp="shop"),
    ),
}  # fmt: skip
"""VMs by the place they live in: `<host>@<backup server>`."""

ROLES = ("web", "app", "sql", "file", "mail", "proxy", "cache", "batch", "vdi", "test", "mon", "etl")
"""Parts of the names of generated VMs."""
