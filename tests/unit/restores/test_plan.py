"""What a plan says, what it warns of, and how it is confirmed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.unit.restores.fakes import restore, restore_request
from tests.unit.restores.points import NOW, ROOT, point, vapp
from tui import timefmt
from tui.api.models import (
    Platform,
    PointKind,
    RestorePoint,
    RestoreSession,
    SessionState,
)
from tui.api.models.resources import NO_TIME
from tui.restore_states import RestoreState
from tui.restores.forms.fields import IncompleteForm, OriginalOutcome, Values
from tui.restores.forms.form import form_for
from tui.restores.journal_mapping import new_restore
from tui.restores.plan import PlanContext, RestorePlan, beside, is_easy_to_type, make_plan, short_code
from tui.restores.restore import Restore
from tui.screens.restore_text import restore_lines

VDC = f"urn:vCloud:OrgVdc:{ROOT}.urn:vcloud:vdc:{ROOT}"


def plan_for(
    chosen: RestorePoint | None = None,
    values: Values | None = None,
    *,
    platform: Platform | None = None,
    api_version: str = "v1_7",
    context: PlanContext | None = None,
) -> RestorePlan:
    chosen = chosen or point()
    form = form_for(chosen, platform or chosen.platform)
    return make_plan(
        form,
        form.spec(values or {}),
        request=restore_request(),
        api_version=api_version,
        now=NOW,
        context=context,
    )


def all_words(plan: RestorePlan) -> str:
    return "\n".join((*plan.words, *plan.warnings))


def test_a_point_of_no_known_time_is_given_none() -> None:
    chosen = point(created=NO_TIME)
    plan = plan_for(chosen, context=PlanContext(newest=NOW))
    assert "The server does not say when this point was made" in plan.warnings[0]
    assert not any(word in all_words(plan) for word in ("1970", " old", "newer point"))
    restore = new_restore(plan, "", (), NOW)
    assert not any("1970" in str(line) for line in restore_lines(restore, NOW, ""))


def test_a_safe_plan_says_what_when_where_and_warns_of_nothing() -> None:
    plan = plan_for()
    words = all_words(plan)
    assert "VM app07 (VMware vSphere, backed up by vbr.lab.example)." in plan.words
    assert timefmt.both(point().created) in words
    assert "5 h old at 03:04" in words
    assert "original location" in words
    assert "kept" in words
    assert "stays powered off" in words
    assert "the whole VM is restored" in words
    assert plan.warnings == ()
    assert not plan.overwrites
    assert plan.confirmed_by("")


def test_overwriting_is_said_warned_of_and_confirmed_by_the_name() -> None:
    plan = plan_for(values={"keep_original": False, "quick_rollback": True, "power_on": True})
    assert plan.original is OriginalOutcome.OVERWRITTEN
    assert any("OVERWRITTEN" in warning for warning in plan.warnings)
    assert "POWERED ON" in all_words(plan)
    assert "only blocks changed" in all_words(plan)
    assert plan.confirm_word == "app07"
    assert not plan.offers_code
    assert [plan.confirmed_by(text) for text in ("app07", " app07 ", "app7", "APP07", "", "yes")] == [
        True, True, False, False, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("version", "fate"),
    [
        ("v1_7", OriginalOutcome.KEPT),
        ("v1_10", OriginalOutcome.KEPT),
        ("v1_6", OriginalOutcome.MAY_BE_OVERWRITTEN),
        ("v1_4", OriginalOutcome.MAY_BE_OVERWRITTEN),
        ("", OriginalOutcome.MAY_BE_OVERWRITTEN),
        ("latest", OriginalOutcome.MAY_BE_OVERWRITTEN),
    ],
)
def test_a_server_not_known_to_keep_originals_asks_for_more(version: str, fate: OriginalOutcome) -> None:
    plan = plan_for(api_version=version)
    assert plan.original is fate
    assert plan.overwrites == (fate is not OriginalOutcome.KEPT)
    assert any("MAY BE OVERWRITTEN" in warning for warning in plan.warnings) == plan.overwrites


@pytest.mark.parametrize("name", ["x" * 25, "größe", "a  b", " a", "", "a\tb", "サ"])
def test_names_hard_to_type_offer_the_code(name: str) -> None:
    plan = plan_for(point(name=name), {"keep_original": False})
    assert not is_easy_to_type(name)
    assert plan.offers_code
    assert plan.confirmed_by(plan.short_code.lower())
    assert not plan.confirmed_by("")
    assert not plan.confirmed_by("  ")


def test_a_repeated_name_offers_the_code_and_is_warned_of() -> None:
    plan = plan_for(values={"keep_original": False}, context=PlanContext(same_names=1))
    assert plan.offers_code
    assert (
        "Another VM has the same name, or one that looks it: check backup server and platform."
        in plan.warnings
    )
    many = plan_for(context=PlanContext(same_names=3))
    assert any("3 other VMs have" in warning for warning in many.warnings)


def test_short_codes_are_stable_unambiguous_and_differ() -> None:
    codes = {short_code(point(number=number).uid) for number in range(500)}
    assert len(codes) > 495
    assert all(len(code) == 5 and not set(code) & set("0O1IL2Z5S8BUV") for code in codes)
    assert short_code(point().uid) == short_code(point().uid.upper())


def test_cloud_director_without_a_new_name_overwrites() -> None:
    cloud = point(Platform.CLOUD_DIRECTOR)
    assert plan_for(cloud).overwrites
    assert plan_for(cloud, {"new_name": "App07"}).overwrites
    kept = plan_for(cloud, {"new_name": "app07-copy"})
    assert not kept.overwrites
    assert "app07-copy" in all_words(kept)
    assert f"urn:veeam:HierarchyRoot:{ROOT}" in all_words(kept)


def test_a_vapp_without_a_new_name_overwrites() -> None:
    assert plan_for(vapp(), {"org_vdc_ref": VDC}).overwrites
    kept = plan_for(vapp(), {"org_vdc_ref": VDC, "new_name": "shop-copy"})
    assert not kept.overwrites
    assert kept.words[0].startswith("vApp shop")
    assert VDC in all_words(kept)


def test_what_is_known_around_it_is_warned_of() -> None:
    running = RestoreSession(uid="urn:veeam:RestoreSession:1", state=SessionState.WORKING)
    old = point(created=NOW - timedelta(days=8))
    context = PlanContext(newest=NOW - timedelta(hours=1), running=(running,), own_in_flight=1)
    warnings = "\n".join(plan_for(old, context=context).warnings)
    assert "The point is 8 d old at 03:04." in warnings
    assert "This VM has a newer point" in warnings
    assert "A restore of this VM is already running" in warnings
    assert plan_for(old, context=context).known_running == frozenset({running.uid})
    assert plan_for().known_running is None


def test_a_point_the_server_does_not_offer_is_warned_of() -> None:
    chosen = point()
    hidden = RestorePoint(uid=chosen.uid, vm_name="app07", created=chosen.created, platform=Platform.VSPHERE)
    assert any("does not offer" in warning for warning in plan_for(hidden).warnings)


def test_a_platform_chosen_against_the_points_own_is_warned_of() -> None:
    plan = plan_for(point(Platform.VSPHERE), platform=Platform.HYPERV)
    assert any("this form is for Hyper-V" in warning for warning in plan.warnings)


def test_hostile_names_are_made_safe_in_words_and_kept_in_the_plan() -> None:
    name = "x\x1b[2J\u202ey\n"
    plan = plan_for(point(name=name))
    assert plan.vm_name == name
    assert all(char.isprintable() for word in (*plan.words, *plan.warnings) for char in word)


def test_an_incomplete_form_makes_no_plan() -> None:
    with pytest.raises(IncompleteForm):
        plan_for(values={"keep_original": True, "quick_rollback": True})


def test_each_plan_is_a_use_of_its_own() -> None:
    plan = plan_for()
    assert plan.key != plan_for().key
    assert replace(plan).key == plan.key


def test_what_the_guard_found_is_told_with_its_time() -> None:
    assert plan_for().found == (), "not looked yet"
    (none,) = plan_for(context=PlanContext(running=())).found
    assert none == f"The server lists no running restore of this VM (checked at {timefmt.clock_time(NOW)})."
    (own,) = plan_for(context=PlanContext(running=(), own_in_flight=1)).found
    assert "but 1 of this program is in flight" in own
    (vapp_words,) = plan_for(vapp(), {"org_vdc_ref": VDC}, context=PlanContext(running=())).found
    assert "of this vApp" in vapp_words


def test_running_restores_are_told_by_name_state_and_begin() -> None:
    running = RestoreSession(
        uid="urn:veeam:RestoreSession:1",
        state=SessionState.WORKING,
        name="app07\x1b@2026",
        progress=40,
        created=NOW - timedelta(minutes=9),
        point_uid=point().uid,
    )
    (words,) = plan_for(context=PlanContext(running=(running,))).found
    assert words.startswith(f"Running (checked at {timefmt.clock_time(NOW)}): restore session app07")
    assert words.endswith("from this point; the server does not say who started it.")
    assert "Working, 40 %, started 2026-11-23" in words
    assert "\x1b" not in words


@pytest.mark.parametrize(
    ("version", "values", "words"),
    [
        ("v1_7", {}, "another one would run beside it"),
        ("v1_7", {"keep_original": False}, "this one OVERWRITES the VM while another restore may be writing"),
        ("", {}, "this one may OVERWRITE the VM while another restore may be writing"),
    ],
)
@pytest.mark.parametrize(
    "context",
    [
        PlanContext(running=(), own_in_flight=1),
        PlanContext(running=(), own_in_flight=2, own_uncertain=2),
        PlanContext(running=(), other_rows=("A restore of this VM is running in the journal (row 3)",)),
    ],
)
def test_what_it_does_beside_another_restore_is_said_plainly(
    context: PlanContext, version: str, values: Values, words: str
) -> None:
    plan = plan_for(values=values, api_version=version, context=context)
    assert any(words in warning for warning in plan.warnings if warning.startswith(("A rest", "2 rest")))


@pytest.mark.parametrize(
    ("version", "values", "words"),
    [
        ("v1_7", {}, "keeps the original"),
        ("v1_7", {"keep_original": False}, "The original VM, where it still exists, is OVERWRITTEN."),
        ("", {}, "MAY BE OVERWRITTEN."),
    ],
)
def test_details_say_what_is_overwritten_as_plainly_as_the_plan(
    version: str, values: Values, words: str
) -> None:
    plan = plan_for(values=values, api_version=version)
    told = restore_lines(new_restore(plan, "", (), NOW), NOW, "\n".join(plan.words))
    (line,) = (line for line in told if isinstance(line, str) and line.startswith("Asked for"))
    assert line.endswith(words)
    assert "or may" not in line


CLOUD_VM = point(Platform.CLOUD_DIRECTOR, name="shop-web")
OF_VAPP: dict[str, Any] = {
    "vm_name": "shop",
    "platform": Platform.CLOUD_DIRECTOR,
    "kind": PointKind.VAPP,
    "point_uid": "other",
}
OF_VM: dict[str, Any] = {**OF_VAPP, "vm_name": "shop-web", "kind": PointKind.VM}


@pytest.mark.parametrize(
    ("chosen", "other", "words"),
    [
        (
            CLOUD_VM,
            restore(**OF_VAPP),
            "A restore of the vApp shop has no end yet: this VM may be part of it.",
        ),
        (
            vapp(),
            restore(**OF_VM),
            "A restore of the VM shop-web has no end yet: it may be part of this vApp.",
        ),
        (vapp(), restore(RestoreState.SUCCEEDED, **OF_VM), ""),
        (vapp(), restore(**{**OF_VM, "server_uid": "another"}), ""),
        (point(), restore(**OF_VAPP), ""),
    ],
)
def test_a_vapp_and_a_vm_that_may_be_in_it_are_not_restored_without_a_word(
    chosen: RestorePoint, other: Restore, words: str
) -> None:
    assert beside([other], chosen)["earlier"] == ((words,) if words else ())


def test_kept_original_says_that_the_server_chooses_the_name() -> None:
    assert "The server chooses the restored VM's name" in all_words(plan_for())
    assert "chooses the restored" not in all_words(plan_for(values={"keep_original": False}))


@pytest.mark.parametrize(
    ("own", "uncertain", "words"),
    [
        (1, 1, "A restore of this VM may be running"),
        (2, 2, "2 restores of this VM may be running"),
        (2, 1, "A restore of this VM is already running"),
    ],
)
def test_a_restore_not_known_to_run_may_be_running(own: int, uncertain: int, words: str) -> None:
    context = PlanContext(running=(), own_in_flight=own, own_uncertain=uncertain)
    plan = plan_for(context=context)
    assert any(warning.startswith(words) for warning in plan.warnings)
    verb = "may be" if own == uncertain else "are"
    assert f"{own} of this program {verb} in flight" in plan.found[0]
