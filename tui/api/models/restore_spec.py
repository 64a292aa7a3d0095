"""What to ask for when something is restored: one class per kind of request body (WIRE 5.1, 10)."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum

_FORBIDDEN = {"Cc", "Cs", "Zl", "Zp"}
_BIDI = {*map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A))}
_NOT_XML = {"\ufffe", "\uffff"}


def has_invisible(text: str) -> bool:
    """Whether a name or reference holds what nobody types on purpose, or what a request cannot carry."""
    return any(unicodedata.category(char) in _FORBIDDEN or char in _BIDI or char in _NOT_XML for char in text)


@dataclass(frozen=True, slots=True, kw_only=True)
class VmRestoreSpec:
    """What to ask for on vSphere and Hyper-V (WIRE 5.1, seed's first table)."""

    power_on: bool = False
    quick_rollback: bool = False
    keep_original: bool = True


class CloudLayout(StrEnum):
    """The two incompatible wrappers of a Cloud Director restore (WIRE 5.1)."""

    SEED = "seed"
    """`VmRestoreSpec` with QuickRollback and VmRestoreParameters: the seed page's example."""
    SCHEMA = "schema"
    """`vCloudVmRestoreSpec` with vAppRef: RestAPI.xsd and shipped clients."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudVmRestoreSpec:
    """What to ask for on Cloud Director (WIRE 5.1, seed's second table)."""

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
    """Per-VM parameters of a vApp restore (WIRE 10)."""

    point_uid: str
    new_name: str = ""
    datastore_ref: str = ""
    storage_profile_ref: str = ""
    template_ref: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VAppRestoreSpec:
    """What to ask for to restore a whole vApp (WIRE 10)."""

    power_on: bool = False
    hierarchy_root_uid: str
    org_vdc_ref: str
    new_name: str = ""
    vms: tuple[VAppVmParameters, ...] = ()


RestoreSpec = VmRestoreSpec | CloudVmRestoreSpec | VAppRestoreSpec
