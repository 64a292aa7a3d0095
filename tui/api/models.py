"""What Enterprise Manager speaks about, as typed and frozen values.

Names are kept exactly as the server sent them; `tui.text` makes them safe where they are shown.
All times are aware and in UTC. A model never holds a raw dict; building one from a decoded reply is
the codec's work.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Generic, Self, TypeVar
from urllib.parse import urlsplit

import msgspec

from tui.api.errors import BadReference

DEFAULT_PORT = 9398
ItemT = TypeVar("ItemT")
_GUID = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
_REFERENCE = re.compile(rf"urn:([^:\s]+):([^:\s]+):({_GUID})\.(\S.*)", re.IGNORECASE)
_UID = re.compile(rf"urn:veeam:([^:\s]+):({_GUID})", re.IGNORECASE)


class OpenEnum(StrEnum):
    """An enumeration that keeps words it does not know: `X("New").value == "New"`, not known."""

    @property
    def is_known(self) -> bool:
        """Whether the word is one of the documented ones."""
        return self._name_ != "OTHER"

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
    """The three platforms whose VMs can be restored (contract 4.4)."""

    VSPHERE = "VMware"
    HYPERV = "HyperV"
    CLOUD_DIRECTOR = "vCloud"
    UNKNOWN = ""
    """Not said by the server, or none of the three: never guessed."""

    @classmethod
    def from_word(cls, word: str) -> Platform:
        """Read a platform word in any case: `VMWare`, `Hyperv`, `vcloud`."""
        return _PLATFORM_WORDS.get(word.lower(), cls.UNKNOWN)

    @property
    def label(self) -> str:
        """The name people use."""
        return _PLATFORM_LABELS[self]


_PLATFORM_WORDS = {"vmware": Platform.VSPHERE, "hyperv": Platform.HYPERV, "vcloud": Platform.CLOUD_DIRECTOR}
_PLATFORM_LABELS = {
    Platform.VSPHERE: "VMware vSphere",
    Platform.HYPERV: "Hyper-V",
    Platform.CLOUD_DIRECTOR: "Cloud Director",
    Platform.UNKNOWN: "unknown",
}


class PointKind(StrEnum):
    """What a restore point brings back."""

    VM = "VmRestorePoint"
    VAPP = "VAppRestorePoint"


class PointType(OpenEnum):
    """What a point's backup file holds (contract 3.5)."""

    FULL = "Full"
    INCREMENT = "Increment"
    REVERSE_INCREMENT = "ReverseIncrement"


class Algorithm(OpenEnum):
    """How the chain of the point is made (contract 3.5)."""

    FULL = "Full"
    INCREMENTAL = "Incremental"
    REVERSED_INCREMENTAL = "ReversedIncremental"
    SYNTHETIC_FULL = "SyntheticFull"


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectRef:
    """A HierarchyObjRef: `urn:<platform>:<type>:<root guid>.<object>` (contract 8.3)."""

    platform_word: str
    object_type: str
    root_id: str
    object_id: str
    text: str
    """The reference as sent or typed."""

    @classmethod
    def parse(cls, text: str) -> ObjectRef:
        """Read a reference.

        Raises:
            BadReference: it is not of that form; the message says which part is wrong.
        """
        match = _REFERENCE.fullmatch(text.strip())
        if match is None:
            raise BadReference(
                "A reference looks like urn:vCloud:Datastore:<root id>.<object id>; the root id is a GUID."
            )
        platform, kind, root, thing = match.groups()
        return cls(platform_word=platform, object_type=kind, root_id=root, object_id=thing, text=text.strip())

    @property
    def platform(self) -> Platform:
        """The platform named by the reference."""
        return Platform.from_word(self.platform_word)

    def __str__(self) -> str:
        return self.text


def uid_of(kind: str, text: str) -> str:
    """Normalise what an operator typed for a UID to `urn:veeam:<kind>:<guid>`; a bare GUID is accepted.

    Raises:
        BadReference: it is neither.
    """
    stripped = text.strip()
    match = _UID.fullmatch(stripped)
    if match and match.group(1).lower() == kind.lower():
        return stripped
    if re.fullmatch(_GUID, stripped):
        return f"urn:veeam:{kind}:{stripped}"
    raise BadReference(f"A UID of this kind looks like urn:veeam:{kind}:<GUID>.")


def id_of(uid: str) -> str:
    """The bare id at the end of a UID: what URLs carry (contract 2.4)."""
    return uid.rpartition(":")[2]


class RestorePoint(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One restore point of one VM or vApp (contract 4, 10).

    A msgspec struct, not a dataclass: a hundred thousand of them live in memory at once.
    """

    uid: str
    vm_name: str
    """Name of the VM (or vApp) as displayed, as sent."""
    created: datetime
    kind: PointKind = PointKind.VM
    name: str = ""
    """The point's own name, `<vm>@<time>`; never parsed."""
    point_type: str = ""
    algorithm: str = ""
    object_ref: str = ""
    """HierarchyObjRef of the original VM, empty where the server did not send it."""
    platform: Platform = Platform.UNKNOWN
    server_uid: str = ""
    """UID of the backup server, from the `Up` link."""
    server_name: str = ""
    restore_point_id: str = ""
    """Id of the RestorePoint this belongs to, from the `Up` link; leads to the backup and its platform."""
    restore_href: str = ""
    """Path and query of the Restore link; empty means the server does not offer restoring it."""

    @property
    def id(self) -> str:
        """The bare id, for URLs."""
        return id_of(self.uid)

    @property
    def root_id(self) -> str:
        """GUID of the hierarchy root the VM lives under, empty if unknown."""
        try:
            return ObjectRef.parse(self.object_ref).root_id
        except BadReference:
            return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VmRestoreSpec:
    """What to ask for on vSphere and Hyper-V (contract 5.1, seed's first table)."""

    power_on: bool = False
    quick_rollback: bool = False
    keep_original: bool = True


class CloudLayout(StrEnum):
    """The two incompatible wrappers of a Cloud Director restore (contract 5.1)."""

    SEED = "seed"
    """`VmRestoreSpec` with QuickRollback and VmRestoreParameters: the seed page's example."""
    SCHEMA = "schema"
    """`vCloudVmRestoreSpec` with vAppRef: RestAPI.xsd and shipped clients."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudVmRestoreSpec:
    """What to ask for on Cloud Director (contract 5.1, seed's second table)."""

    power_on: bool = False
    hierarchy_root_uid: str
    point_uid: str
    new_name: str = ""
    """Empty: the VM gets its initial name, which counts as overwriting."""
    datastore_ref: str = ""
    storage_profile_ref: str = ""
    template_ref: str = ""
    """LinkedCloneVmTemplateRef, for linked clones only."""
    layout: CloudLayout = CloudLayout.SEED
    vapp_ref: str = ""
    """Target vApp; only the schema's layout carries it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VAppVmParameters:
    """Per-VM parameters of a vApp restore (contract 10)."""

    point_uid: str
    new_name: str = ""
    datastore_ref: str = ""
    storage_profile_ref: str = ""
    template_ref: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VAppRestoreSpec:
    """What to ask for to restore a whole vApp (contract 10)."""

    power_on: bool = False
    hierarchy_root_uid: str
    org_vdc_ref: str
    new_name: str = ""
    vms: tuple[VAppVmParameters, ...] = ()


RestoreSpec = VmRestoreSpec | CloudVmRestoreSpec | VAppRestoreSpec


class TaskState(OpenEnum):
    """Where a task is; only FINISHED is an end (contract 6.1, T23)."""

    RUNNING = "Running"
    OPERATION_FINISHED = "OperationFinished"
    FINISHED = "Finished"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task of this logon session (contract 6). Finished and success means the restore *started*."""

    task_id: str
    state: TaskState
    operation: str = ""
    success: bool | None = None
    """Result of the task; None while there is none. Not an end by itself (T22)."""
    message: str = ""
    needs_input: bool = False
    """CredentialsNeeded or ConfirmationNeeded."""
    delete_href: str = ""
    """Path and query of the Delete link."""
    session_href: str = ""
    """Path and query of the related RestoreSession, chosen by Type."""

    @property
    def session_id(self) -> str:
        """Bare id of the related restore session, empty if none."""
        return urlsplit(self.session_href).path.rstrip("/").rpartition("/")[2]

    @property
    def is_over(self) -> bool:
        """Whether the task has ended, by State alone."""
        return self.state == TaskState.FINISHED


class SessionState(OpenEnum):
    """Where a restore session is (contract 7)."""

    STARTING = "Starting"
    WORKING = "Working"
    STOPPING = "Stopping"
    STOPPED = "Stopped"


class SessionResult(OpenEnum):
    """How a restore session ended; NONE is no end (contract 7, T17)."""

    NONE = "None"
    SUCCESS = "Success"
    WARNING = "Warning"
    FAILED = "Failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreSession:
    """One run of a restore on the backup server; global, unlike tasks (contract 7)."""

    uid: str
    state: SessionState
    result: SessionResult = SessionResult.NONE
    name: str = ""
    vm_name: str = ""
    """VmDisplayName; may be missing."""
    job_type: str = ""
    created: datetime | None = None
    ended: datetime | None = None
    progress: int | None = None
    """0..100, informational only."""
    failure_message: str = ""
    restored_ref: str = ""
    point_uid: str = ""
    """UID of the restore point where the server links it, built from the link's id; else empty."""
    server_uid: str = ""
    server_name: str = ""

    @property
    def id(self) -> str:
        """The bare id, for URLs."""
        return id_of(self.uid)

    @property
    def is_over(self) -> bool:
        """Whether it has ended: Stopped with a real result."""
        return self.state == SessionState.STOPPED and self.result in {
            SessionResult.SUCCESS,
            SessionResult.WARNING,
            SessionResult.FAILED,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class HierarchyRoot:
    """A virtualisation host as one backup server knows it (contract 8.1)."""

    uid: str
    name: str
    host_type: str = ""
    unique_id: str = ""
    server_uid: str = ""
    server_name: str = ""

    @property
    def id(self) -> str:
        """The bare id."""
        return id_of(self.uid)


@dataclass(frozen=True, slots=True, kw_only=True)
class HierarchyItem:
    """One object found by the lookup service (contract 8.2)."""

    ref: str
    object_type: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupServer:
    """A backup server Enterprise Manager collects from (contract 11a)."""

    uid: str
    name: str
    description: str = ""
    port: int | None = None
    version: str = ""
    collect_href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogonSession:
    """A logon session: who is logged on where, and the token that proves it (contract 1.4)."""

    user: str
    session_id: str
    """Needed to log off; empty when the server's answer had no body."""
    token: str = field(repr=False)
    """The X-RestSvcSessionId value, verbatim. A secret."""
    api_version: str = ""
    """What was asked for at logon (`latest`, `v1_7`), resolved where the server's root says it; else empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRoot:
    """What GET /api/ says before anybody logs on (contract 1.3)."""

    versions: tuple[str, ...] = ()
    """Supported versions as named, e.g. `v1_7`."""

    @property
    def newest(self) -> str:
        """The highest version, empty if none is named."""
        return max(self.versions, key=version_key, default="")


def version_key(version: str) -> tuple[int, ...]:
    """A sort key for `v1`, `v1_4`, `v1_7`."""
    return tuple(int(part) for part in re.findall(r"\d+", version))


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """The certificate a server shows."""

    sha256: str
    """Fingerprint, lower-case hex without separators."""
    subject: str
    issuer: str
    names: tuple[str, ...]
    """Names and addresses it is made out to."""
    not_before: datetime
    not_after: datetime
    problem: str = ""
    """Why it is not trusted, in plain English; empty when it is."""
    warnings: tuple[str, ...] = ()
    """For a pinned certificate: wrong name, expired."""

    @property
    def fingerprint(self) -> str:
        """The fingerprint for people: upper case, in pairs with colons."""
        pairs = (self.sha256[i : i + 2] for i in range(0, len(self.sha256), 2))
        return ":".join(pairs).upper()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerAddress:
    """Where an Enterprise Manager is dialled."""

    host: str
    port: int = DEFAULT_PORT

    @classmethod
    def parse(cls, text: str) -> ServerAddress:
        """Read `host`, `host:port`, `[v6]:port`, or a pasted `https://host:port/...`.

        Raises:
            ValueError: the sentence says what is wrong with it.
        """
        text = text.strip()
        if "://" in text and not text.lower().startswith("https://"):
            raise ValueError("Only https:// is spoken; leave the scheme out or use https://.")
        bare = text if "://" in text else f"//{text}"
        if text.count(":") > 1 and "[" not in text and "://" not in text:
            bare = f"//[{text}]"
        try:
            parts = urlsplit(bare)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise ValueError("The port must be a number from 1 to 65535.") from error
        if not host or parts.username is not None or re.search(r"[\s/\\]", host):
            raise ValueError("Type the server's name or IP address, with :port if it is not 9398.")
        if port == 0:
            raise ValueError("The port must be a number from 1 to 65535.")
        return cls(host=host, port=port or DEFAULT_PORT)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


class WireFormat(StrEnum):
    """How requests and replies are written."""

    AUTO = "auto"
    XML = "xml"
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[ItemT]):
    """One page of a list (contract 3.3)."""

    items: tuple[ItemT, ...]
    number: int
    pages: int
    """How many pages there are in all, as far as the server says; at least 1."""
