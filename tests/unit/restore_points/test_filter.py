"""The filter language: what matches, what narrows, and that every mistake is a sentence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.restore_points.build import NOW, point
from tui.api.models import Platform, PointKind
from tui.api.models.resources import NO_TIME, RestorePoint
from tui.moment import Moment
from tui.restore_points.descriptions import filter_words
from tui.restore_points.filter import Filter, LeftOut, Matcher
from tui.restore_points.filter_parser import NOTHING, FilterError, FilterParser, parse
from tui.restore_points.index import PointIndex
from tui.restore_points.vm_list import SortBy, VmList


def names(text: str, *points: object) -> set[str]:
    index = PointIndex()
    index.add(points)  # type: ignore[arg-type] # points, as the helper is called
    matcher = Matcher(parse(text, NOW), index)
    return {vm.name for vm in index.vms if matcher.accepts(vm)}


FLEET = (
    point("App07 Web", 1),
    point("app08 db", 30, server="VBR-two", point_type="Full"),
    point("Müller [TNT9]:Web 1", 50, platform=Platform.HYPERV, point_type="Full", algorithm="SyntheticFull"),
    point("shop", 2, platform=Platform.CLOUD_DIRECTOR, kind=PointKind.VAPP, point_type="ReverseIncrement"),
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {"App07 Web", "app08 db", "Müller [TNT9]:Web 1", "shop"}),
        ("web app", {"App07 Web"}),
        ("WEB", {"App07 Web", "Müller [TNT9]:Web 1"}),
        ("muller", {"Müller [TNT9]:Web 1"}),
        ('"web 1"', {"Müller [TNT9]:Web 1"}),
        ('"web 1', {"Müller [TNT9]:Web 1"}),
        ("[tnt9]:web", {"Müller [TNT9]:Web 1"}),
        ('"tnt9]:web"', {"Müller [TNT9]:Web 1"}),
        ("server:two", {"app08 db"}),
        ("server:vbr app", {"App07 Web", "app08 db"}),
        ("platform:vmware", {"App07 Web", "app08 db"}),
        ("platform:vsphere", {"App07 Web", "app08 db"}),
        ("Platform:Hyper-V", {"Müller [TNT9]:Web 1"}),
        ("platform:vcd", {"shop"}),
        ("platform:hyperv platform:vcd", {"Müller [TNT9]:Web 1", "shop"}),
        ("kind:vapp", {"shop"}),
        ("vapp shop", {"shop"}),
        ("vApps", {"shop"}),
        ("vapp app", set()),
        ("vm 0", {"App07 Web", "app08 db"}),
        ("vms web", {"App07 Web", "Müller [TNT9]:Web 1"}),
        ("type:full", {"app08 db", "Müller [TNT9]:Web 1"}),
        ("type:incr", {"App07 Web"}),
        ("type:reverse", {"shop"}),
        ("type:synthetic", {"Müller [TNT9]:Web 1"}),
        *(
            (f"platform:{word}", {"App07 Web", "app08 db"})
            for word in ("VMware", "vSphere", '"VMware vSphere"', "vmware-vsphere", "esx", "ESXi", "vs")
        ),
        *(
            (f"platform:{word}", {"Müller [TNT9]:Web 1"})
            for word in ("HyperV", "HYPER-V", "hyper_v", '"Hyper V"', "hyp", "h")
        ),
        *(
            (f"platform:{word}", {"shop"})
            for word in ("vCloud", "VCD", '"Cloud Director"', "cloud-director", "vclouddirector", "dir")
        ),
        ("after:6h", {"App07 Web", "shop"}),
        ("before:2026-11-22 05:00", {"app08 db", "Müller [TNT9]:Web 1"}),
        ("before:2026-11-21 05:00 web", {"Müller [TNT9]:Web 1"}),
        ("before:6h ago db", {"app08 db"}),
        ('before:"6 hours ago"', {"app08 db", "Müller [TNT9]:Web 1"}),
        ("before:6h", {"app08 db", "Müller [TNT9]:Web 1"}),
        ("before:1d after:2d", {"app08 db"}),
        ("after:2026-11-23T01:30:00Z", {"App07 Web"}),
        ("type:full after:2d", {"app08 db"}),
        ("platform:cloud", {"shop"}),
        ("platform:vcloud", {"shop"}),
        ("platform:hyper", {"Müller [TNT9]:Web 1"}),
        ("cloud", {"shop"}),
        ("cloud director", {"shop"}),
        ("vcd", {"shop"}),
        ("Hyper-V web", {"Müller [TNT9]:Web 1"}),
        ("vmware db", {"app08 db"}),
        ("clou", set()),
        ("\u0301", set()),
        ("nothing like it", set()),
    ],
)
def test_what_matches(text: str, found: set[str]) -> None:
    assert names(text, *FLEET) == found


MISTAKES = [
    ("platform:amiga", "There is no platform 'amiga'; write platform:vsphere"),
    ("platform:xx", "There is no platform 'xx'"),
    ("platform:-", "There is no platform '-'"),
    ("platform:\u0301", "There is no platform"),
    ("server:\u0301", "There is no server '\u0301'; write server:vbr1."),
    ("kind:\u0301", "There is no kind '\u0301'; write kind:vm"),
    ("type:\u0301", "There is no type"),
    ("type:odd", "There is no type 'odd'; write type:full"),
    ("type:--", "There is no type '--'"),
    ("kind:house", "There is no kind 'house'; write kind:vm"),
    ("after:someday", "after: 'someday' is not a time; write 22:45, "),
    ("before:banana", "before: 'banana' is not a time"),
    ("before:2026-11-25T22:till", "'2026-11-25T22:till' is not a time"),
    ("before:2026-13-01", "'2026-13-01' is not a time"),
    ("before:2026-11-22 22:till", "'2026-11-22 22:till' is not a time"),
    ("before:2026-11-22  t22:45", "'2026-11-22 t22:45' is not a time"),
    ("before:2026-11-22 22h", "'2026-11-22 22h' is not a time"),
    ("before:22:45 tomorrow", "'22:45 tomorrow' is not a time"),
    ("before:10:45 p.m.", "'10:45 p.m.' is not a time"),
    ("after:25:00", "'25:00' is not a time"),
    ("after:20261120", "'20261120' is not a time"),
    ("before:22:45 CET", "'CET' stands for more than one zone"),
    ("before:2099-01-01", "lies in the future"),
    ("after:+3h", "lies in the future"),
    ("before:6h before:2d", "before: stands twice, for two times; keep one"),
    ("after:6h web after:2d", "after: stands twice"),
    ("after:6h before:2d", "is not later than after: "),
    ("before:1d after:1d", "is not later than after: "),
    ("plattform:vsphere", "'plattform:' is not a filter key; the keys are platform:, server:"),
    ("name:web", 'Put a name with a colon in quotes: "name:web".'),
    ("web:", "'web:' is not a filter key"),
]
UNFINISHED = ["server:", 'platform:""', "type: full", "before:", "after: 22:45", 'kind:" "']


@pytest.mark.parametrize("around", ["{}", "web {}", "{} web", "{} kind:vm"])
@pytest.mark.parametrize(("text", "words"), MISTAKES)
def test_a_mistake_is_a_sentence(text: str, words: str, around: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse(around.format(text), NOW)
    assert words in caught.value.detail
    assert not caught.value.is_unfinished


@pytest.mark.parametrize("text", UNFINISHED)
def test_a_key_without_a_value_is_unfinished(text: str) -> None:
    with pytest.raises(FilterError, match="needs a value right after the colon; write ") as caught:
        parse(f"web {text}", NOW)
    assert caught.value.is_unfinished


def test_a_mistake_is_told_before_what_is_unfinished() -> None:
    with pytest.raises(FilterError, match="no type 'odd'") as caught:
        parse("platform: type:odd server:", NOW)
    assert not caught.value.is_unfinished


def test_a_wrong_filter_lets_nothing_through_and_the_next_one_starts_afresh() -> None:
    index = PointIndex()
    view = VmList(index)
    view.update(index.add(FLEET))
    view.narrow(NOTHING)
    assert (len(view), list(view.rows(index.vms[0]))) == (0, [])
    view.update(index.add([point("late", 0.1)]))
    assert len(view) == 0
    view.narrow(parse("late", NOW))
    assert [view[place].name for place in range(len(view))] == ["late"]


def test_a_time_means_the_moment_it_was_typed_at_for_as_long_as_it_stands() -> None:
    now = NOW
    parser = FilterParser(lambda: now)
    first = parser.parse("before:3h after:22:45").before
    now += timedelta(hours=30)
    for text in ("before:3h after:22:45 w", "before:3h  after:22:45 web", 'before:"3h" after:22:45'):
        later = parser.parse(text)
        assert later.before == first
        assert later.after == parse("after:22:45", NOW).after
    with pytest.raises(FilterError):
        parser.parse("type:odd before:3h")
    assert parser.parse("before:3h").before == first
    parser.parse("before:13h")
    assert parser.parse("before:3h").before == parse("before:3h", now).before


def test_a_point_without_a_time_is_before_and_after_nothing() -> None:
    timeless = point("timeless", (NOW - NO_TIME).total_seconds() / 3600)
    assert names("before:now", timeless, point("dated", 1)) == {"dated"}
    assert names("after:2026-01-01", timeless) == set()
    assert names("", timeless) == {"timeless"}


def test_a_part_that_alone_matches_nothing_is_named() -> None:
    index = PointIndex()
    view = VmList(index)
    view.update(index.add(FLEET))
    for text, culprit in [
        ("web server:vbr9 db", "server:vbr9"), ("app before:2026-11-20 05:00", "before:2026-11-20 05:00"),
        ("web db", ""), ("nobody", "nobody"), ('server:two "web 9"', '"web 9"'),
    ]:  # fmt: skip
        parser = FilterParser(lambda: NOW)
        view.narrow(parser.parse(text))
        assert view.culprit(parser.parts(text)) == culprit


def _timeless(vm: str, point_type: str = "Increment") -> RestorePoint:
    hours_ago = (NOW - NO_TIME) / timedelta(hours=1)
    return point(vm, hours_ago, point_type=point_type, uid=f"urn:veeam:VmRestorePoint:{vm}/{point_type}")


@pytest.mark.parametrize(
    ("text", "left_out", "words"),
    [
        ("platform:hyper-v web", LeftOut(without_platform=1), "1 VM is unknown: platform:unknown shows it"),
        ("platform:hyper-v db", LeftOut(), ""),
        ("platform:unknown", LeftOut(), ""),
        ("web", LeftOut(), ""),
        # A word can call a platform as well.
        ("vsphere web", LeftOut(without_platform=1), "the platform of 1 VM is unknown"),
        ("platform:vsphere server:vbr", LeftOut(without_platform=1, without_server=1), ""),
        ("server:vbr", LeftOut(without_server=1), "the backup server of 1 VM is unknown: not shown"),
        ("server:vbr web", LeftOut(), ""),
        ("before:3h", LeftOut(without_time=2), "2 points without a time: not shown"),
        ("after:3h type:full", LeftOut(without_time=1, without_type=1), "1 point without a type: not shown"),
        ("type:increment db", LeftOut(), ""),
        ("before:3h server:vbr platform:unknown", LeftOut(), ""),
        ("after:3h platform:hyper-v", LeftOut(without_platform=1), ""),
        ("before:3h platform:hyper-v", LeftOut(), ""),
    ],
)
def test_what_a_filter_leaves_out_because_it_is_not_known_is_counted(
    text: str, left_out: LeftOut, words: str
) -> None:
    index = PointIndex()
    index.add(
        [
            point("web1", 1, platform=Platform.UNKNOWN),
            point("web2", 2),
            point("db", 2),
            _timeless("db", point_type="Full"),
            _timeless("db"),
            point("nowhere", 2, server=""),
            point("nowhere", 1, server="", point_type=""),
        ]
    )
    wanted = parse(text, NOW)
    found = Matcher(wanted, index).left_out()
    assert found == left_out
    assert words in filter_words(wanted, NOW, found)


@given(st.text())
def test_whatever_is_typed_is_a_filter_or_a_sentence(text: str) -> None:
    said = "."
    try:
        parse(text, NOW)
    except FilterError as error:
        said = error.detail
    assert said.endswith(".")


def test_dates_are_local_and_lengths_of_time_count_back() -> None:
    midnight = datetime(2026, 11, 20).astimezone()
    assert parse("after:2026-11-20", NOW).after == Moment(midnight)
    assert parse("before:2d", NOW).before == Moment(NOW - timedelta(days=2))
    exact = Moment(datetime(2026, 11, 20, 1, tzinfo=UTC))
    assert parse("before:2026-11-20T03:00+02:00", NOW).before == exact


def test_only_plain_words_can_be_an_exact_name() -> None:
    assert parse(" Web 01 ", NOW).name == "Web 01"
    assert parse('"a:b"', NOW).name == "a:b"
    assert parse("web server:x", NOW).name == ""


def test_a_filter_shows_only_the_points_it_asks_for() -> None:
    index = PointIndex()
    index.add([point("a", 1), point("a", 5, point_type="Full"), point("a", 30, point_type="Full")])
    matcher = Matcher(parse("type:full after:1d", NOW), index)
    assert [index.point(row).created for row in matcher.rows(index.vms[0])] == [point("a", 5).created]


@pytest.mark.parametrize(
    ("new", "old", "narrower"),
    [
        ("web01", "web", True),
        ("web db", "web", True),
        ("web", "web01", False),
        ("web type:full", "web", False),
        ("web type:full db", "web type:full", True),
        ("web", "", True),
        ("cloud", "clou", False),
        ("vapps", "vapp", False),
        ("vapp shop", "vapp", True),
        ("web before:3h", "web", False),
        ("web before:3h", "we before:3h", True),
        ("web before:3h", "web before:4h", False),
        ("hyper-v", "hyper-", False),
        ("cloud web", "cloud", True),
    ],
)
def test_a_filter_narrows_another_only_where_that_is_sure(new: str, old: str, narrower: bool) -> None:
    assert parse(new, NOW).narrows(parse(old, NOW)) is narrower


@given(
    st.lists(
        st.sampled_from(["web", "we", "vmwar", "vmware", "db web", "type:full", "", "web type:full"]),
        max_size=6,
    )
)
def test_narrowing_step_by_step_ends_where_filtering_at_once_does(typed: list[str]) -> None:
    index = PointIndex()
    view = VmList(index)
    view.update(index.add([point(f"{n} {k}", k) for k in range(6) for n in ("web", "db web", "mail")]))
    for text in typed:
        view.narrow(parse(text, NOW))
    at_once = VmList(index)
    at_once.update(index.vms)
    at_once.narrow(parse(typed[-1], NOW) if typed else Filter())
    assert [view[i].number for i in range(len(view))] == [at_once[i].number for i in range(len(at_once))]


@pytest.mark.parametrize("by", list(SortBy))
@pytest.mark.parametrize("descending", [True, False])
def test_pages_merged_in_stand_where_sorting_everything_would_put_them(by: SortBy, descending: bool) -> None:
    index = PointIndex()
    view = VmList(index)
    view.sort(by, descending=descending)
    for page in range(5):
        view.update(index.add([point(f"vm{(n * 7 + page) % 11}", n + page * 3) for n in range(9)]))
    again = VmList(index)
    again.update(index.vms)
    again.sort(by, descending=descending)
    order = [view[place].number for place in range(len(view))]
    assert order == [again[place].number for place in range(len(again))]
    assert len(order) == 11
    assert [view.place(number) for number in order] == list(range(11))


@pytest.mark.parametrize("by", list(SortBy))
@given(
    steps=st.lists(
        st.one_of(
            st.lists(st.tuples(st.integers(0, 3), st.integers(1, 40)), min_size=1, max_size=4),
            st.sampled_from(["", "vm1", "type:full", "remove"]),
        ),
        max_size=8,
    )
)
def test_whatever_comes_and_goes_the_view_is_as_if_made_anew(
    by: SortBy, steps: list[list[tuple[int, int]] | str]
) -> None:
    index, text = PointIndex(), ""
    view = VmList(index)
    view.sort(by, descending=True)
    for step in steps:
        if step == "remove":
            view.update(index.remove(index.uid(0) if len(index) else ""))
        elif isinstance(step, str):
            text = step
            view.narrow(parse(text, NOW))
        else:
            full = ("Full", "Increment")
            page = [point(f"vm{vm}", hours, point_type=full[hours % 2]) for vm, hours in step]
            view.update(index.add(page))
    again = VmList(index)
    again.update(index.vms)
    again.sort(by, descending=True)
    again.narrow(parse(text, NOW))
    order = [view[place].number for place in range(len(view))]
    assert order == [again[place].number for place in range(len(again))]
    assert [view.place(number) for number in order] == list(range(len(order)))


def test_older_points_of_known_vms_move_nothing() -> None:
    index = PointIndex()
    view = VmList(index)
    view.update(index.add([point(f"vm{n}", n + 1) for n in range(9)]))
    order = view._all
    view.update(index.add([point(f"vm{n}", n + 100) for n in range(9)]))
    assert view._all is order
    view.update(index.add([point("vm8", 0.5)]))
    assert view[0].name == "vm8"


def test_a_vm_whose_points_are_gone_leaves_the_view() -> None:
    index = PointIndex()
    view = VmList(index)
    view.update(index.add([point("a", 1), point("b", 2)]))
    view.update(index.remove(point("a", 1).uid))
    assert [view[place].name for place in range(len(view))] == ["b"]
    assert view.place(0) is None


def test_a_whole_name_means_that_vm_and_not_a_longer_one() -> None:
    index = PointIndex()
    view = VmList(index)
    view.update(index.add([point("web01-old", 1), point("web01", 9)]))
    view.narrow(parse("web01", NOW))
    number = view.named("WEB01 ")
    assert number is not None
    assert index.vms[number].name == "web01"
    assert view.named("web") is None


def test_the_order_is_that_of_the_points_that_match() -> None:
    index = PointIndex()
    view = VmList(index)
    made = [point("a", 1), point("a", 9, point_type="Full"), point("b", 2), point("b", 5, point_type="Full")]
    view.update(index.add(made))
    assert [view[place].name for place in range(2)] == ["a", "b"]
    view.narrow(parse("type:full", NOW))
    assert [view[place].name for place in range(2)] == ["b", "a"]
    assert [view.place(view[place].number) for place in range(2)] == [0, 1]
    view.update(index.add([point("a", 3, point_type="Full"), point("c", 4)]))
    assert [view[place].name for place in range(len(view))] == ["a", "b"]
    assert view.place(2) is None
    view.narrow(Filter())
    assert [view[place].name for place in range(len(view))] == ["a", "b", "c"]


def test_words_people_use_for_types() -> None:
    assert parse("type:incremental", NOW) == parse("type:increment", NOW)
    assert parse("type:synthetic-full", NOW) == parse("type:SyntheticFull", NOW)
