"""What a restore request asked for, once it has been read and checked."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class VmAsk:
    """Parameters of one VM in a Cloud Director restore."""

    point_uid: str = ""
    new_name: str = ""
    datastore_ref: str = ""
    storage_profile_ref: str = ""
    template_ref: str = ""


@dataclass(slots=True, kw_only=True)
class Ask:
    """What was asked for; what the request left out is as the server takes it."""

    power_on: bool = False
    quick_rollback: bool = False
    keep_original: bool = False
    root_uid: str = ""
    vapp_ref: str = ""
    org_vdc_ref: str = ""
    new_name: str = ""
    vms: list[VmAsk] = field(default_factory=list)
    layout: str = ""
    """empty, vm, seed, schema or vapp: which wrapper the body had."""

    @property
    def overwrites(self) -> bool:
        """Whether the original is replaced: for Cloud Director, where no other name is given."""
        if self.layout in {"seed", "schema"}:
            return not (self.vms and self.vms[0].new_name)
        return not self.new_name if self.layout == "vapp" else not self.keep_original
