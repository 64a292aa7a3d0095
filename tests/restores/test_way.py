"""The way of a restore, on each platform and format, from form to end, against the embedded server."""

from __future__ import annotations

import pytest

from tests.restores.conftest import Site
from tests.unit.restores.points import OTHER_ROOT
from tui.api.models import CloudLayout, Platform
from tui.restore_states import RestoreState
from tui.restores.forms.fields import OriginalOutcome
from tui.restores.forms.form import form_for
from tui.restores.outcome import outcome_words

VSPHERE, HYPERV, CLOUD = Platform.VSPHERE, Platform.HYPERV, Platform.CLOUD_DIRECTOR


@pytest.mark.parametrize(("vm", "platform"), [("db01", VSPHERE), ("Exchange 2019", HYPERV)])
async def test_a_machine_is_restored_beside_the_original(any_site: Site, vm: str, platform: Platform) -> None:
    restore = await any_site.restore(vm, platform)
    assert restore.state is RestoreState.LAUNCHING
    over = await any_site.to_the_end()
    assert over.state is RestoreState.SUCCEEDED
    await any_site.restores.learn_names()
    assert any_site.entry().restored_name == vm
    assert outcome_words(any_site.entry()) == f"Restored as {vm}; original kept."
    (effect,) = any_site.demo.restores()
    assert (effect["vm"], effect["overwrites"], effect["power_on"]) == (vm, False, False)
    assert (effect["keep_original"], effect["quick_rollback"]) == (True, False)
    assert any_site.posts() == 1
    states = [event.state for event in any_site.journal.events(any_site.entry().id)]
    assert list(dict.fromkeys(states)) == [
        RestoreState.PLANNED,
        RestoreState.SENT,
        RestoreState.LAUNCHING,
        RestoreState.RESTORING,
        RestoreState.SUCCEEDED,
    ]


async def test_the_bytes_on_the_wire_are_those_of_the_plan(any_site: Site) -> None:
    plan = await any_site.plan("db01", power_on=True)
    await any_site.restores.submit(plan)
    (posted,) = any_site.demo.requests("submit")
    assert posted["body"].encode() == plan.request.body
    assert posted["path"] == plan.request.path.partition("?")[0]
    assert any_site.entry().request_body == plan.request.body.decode()


async def test_an_overwriting_restore_with_quick_rollback(any_site: Site) -> None:
    plan = await any_site.plan("db01", keep_original=False, quick_rollback=True, power_on=True)
    assert plan.overwrites
    await any_site.restores.submit(plan)
    (effect,) = any_site.demo.restores()
    assert (effect["overwrites"], effect["quick_rollback"], effect["power_on"]) == (True, True, True)


@pytest.mark.parametrize("layout", list(CloudLayout))
async def test_a_cloud_director_vm_in_both_layouts(any_site: Site, layout: CloudLayout) -> None:
    any_site.demo.control("set", option="cloud_layout", value=layout.value)
    restore = await any_site.restore("shop-app", CLOUD, new_name="shop-app-copy", layout=layout.value)
    assert restore.state is RestoreState.LAUNCHING, restore.message
    over = await any_site.to_the_end()
    assert over.state is RestoreState.SUCCEEDED
    (effect,) = any_site.demo.restores()
    assert (effect["layout"], effect["new_name"], effect["overwrites"]) == (layout, "shop-app-copy", False)
    assert any_site.posts() == 1


async def test_a_layout_the_server_does_not_take_did_not_start(site: Site) -> None:
    site.demo.control("set", option="cloud_layout", value="schema")
    restore = await site.restore("shop-app", CLOUD, new_name="copy")
    assert restore.state is RestoreState.FAILED
    assert "did not start: the server refused it" in restore.message
    assert site.demo.restores() == []


async def test_cloud_director_with_looked_up_references(site: Site) -> None:
    form = await site.form("shop-app", CLOUD)
    root = str(form.defaults["hierarchy_root_uid"])
    (template, *_) = [*await site.manager.lookup(root, "Vapp"), *await site.manager.lookup(root, "Vm")]
    wrong = form.check({"datastore_ref": template.ref})
    assert "a Datastore is needed here" in wrong[0].sentence
    foreign = f"urn:vCloud:Datastore:{OTHER_ROOT}.urn:vcloud:datastore:{OTHER_ROOT}"
    assert "another hierarchy root" in form.check({"datastore_ref": foreign})[0].sentence


async def test_a_whole_vapp(any_site: Site) -> None:
    point, vms = await any_site.vapp("shop")
    form = form_for(point, CLOUD, vms_of_vapp=vms)
    assert len(vms) >= 2
    (vdc, *_) = await any_site.manager.lookup(str(form.defaults["hierarchy_root_uid"]), "OrgVdc")
    values = {"org_vdc_ref": vdc.ref, "new_name": "shop-copy", "vm0.new_name": "first-copy"}
    plan = await any_site.restores.check_running(any_site.restores.prepare(form, values))
    assert not plan.overwrites
    restore = await any_site.restores.submit(plan)
    assert restore.state is RestoreState.LAUNCHING, restore.message
    assert (await any_site.to_the_end()).state is RestoreState.SUCCEEDED
    (effect,) = any_site.demo.restores()
    assert (effect["kind"], effect["new_name"]) == ("VAppRestorePoint", "shop-copy")
    assert any_site.posts() == 1


@pytest.mark.parametrize(
    ("vm", "platform", "state", "words"),
    [
        ("erp01", VSPHERE, RestoreState.WARNING, "network is not connected"),
        ("terminal01", HYPERV, RestoreState.WARNING, "with warnings"),
        ("crm01", VSPHERE, RestoreState.FAILED, "not enough free space"),
        ("legacy01", VSPHERE, RestoreState.FAILED, "backup console on vbr01"),
        ("broken01", VSPHERE, RestoreState.FAILED, "The launch failed. The server says: Host esx07"),
        ("vault01", VSPHERE, RestoreState.FAILED, "asks for credentials"),
        ("kiosk01", VSPHERE, RestoreState.SUCCEEDED, "restored"),
        ("print01", VSPHERE, RestoreState.SUCCEEDED, "restored"),
        ("early01", VSPHERE, RestoreState.SUCCEEDED, "restored"),
        ("scan01", VSPHERE, RestoreState.SUCCEEDED, "restored"),
        ("dns01", VSPHERE, RestoreState.SUCCEEDED, "restored"),
        ("ntp01", VSPHERE, RestoreState.SUCCEEDED, "restored"),
    ],
)
async def test_every_end_is_told_as_it_is(
    any_site: Site, vm: str, platform: Platform, state: RestoreState, words: str
) -> None:
    await any_site.restore(vm, platform)
    over = await any_site.to_the_end(4.0)
    assert over.state is state
    assert words in over.message
    assert any_site.entry().state is state
    assert any_site.posts() == 1


async def test_done_is_never_said_before_the_server_does(site: Site) -> None:
    await site.restore("huge01")
    for _ in range(45):
        restore = await site.advance(20)
        done = site.demo.restores()[0]["state"] == "Stopped"
        assert not restore.is_over or done
    assert (await site.advance(60)).state is RestoreState.SUCCEEDED


@pytest.mark.parametrize(
    "vm",
    [
        "file server (old)",
        "[TNT9]:Web 1",
        'Tom\'s "test" & <demo>; a,b',
        "ops@night",
        "größe-Ω",
        "日本語サーバー",
    ],
)
async def test_names_that_break_filters(any_site: Site, vm: str) -> None:
    any_site.demo.fault("drop-after-accept@submit")
    restore = await any_site.restore(vm)
    assert restore.state is RestoreState.UNKNOWN
    found = await any_site.advance(9)
    assert found.state is RestoreState.RESTORING
    assert any_site.posts() == 1


async def test_an_old_server_is_asked_for_more(site: Site) -> None:
    site.demo.reset(api_version="v1_5")
    await site.log_on()
    plan = await site.plan("db01")
    assert plan.original is OriginalOutcome.MAY_BE_OVERWRITTEN
    site.demo.reset(api_version="v1_7")
    await site.log_on()
    assert (await site.plan("db01")).original is OriginalOutcome.KEPT


async def test_requests_do_not_grow_with_restores(site: Site) -> None:
    for vm in ("db01", "db02", "mail01", "files01", "archive01"):
        await site.restore(vm)
    await site.advance(9)
    site.demo.control("clear-requests")
    await site.advance(1)
    assert len(site.demo.requests()) == 2


async def test_a_running_restore_of_the_vm_is_warned_of(site: Site) -> None:
    await site.restore("db01")
    await site.advance(9)
    plan = await site.plan("db01")
    assert any("already running" in warning for warning in plan.warnings)


async def test_a_restore_operator_restores_without_lookup(site: Site) -> None:
    site.demo.control("set", option="role", value="restore-operator")
    restore = await site.restore("shop-app", CLOUD, new_name="copy")
    assert restore.state is RestoreState.LAUNCHING


async def test_everybody_s_restores_are_listed_by_the_server_s_own_filter(any_site: Site) -> None:
    any_site.demo.control("set", option="colleague", value=True)
    restore = await any_site.restore("db01")
    any_site.restores.monitor.show_everybody(on=True)
    await any_site.advance(130)
    everybody = any_site.restores.monitor.everybody
    assert everybody is not None
    assert (everybody.problem, everybody.sessions.is_whole) == ("", True)
    own = any_site.restores.get(restore.key).session_uid
    assert everybody.find(own) is not None
    others = everybody.besides({own.lower()})
    (theirs,) = [one for one in others if not one.is_over]
    assert others[0] == theirs, "what runs stands first"
    assert everybody.row_of(theirs) is None
    assert [row.session_uid for row in any_site.journal.recent()] == [own]
