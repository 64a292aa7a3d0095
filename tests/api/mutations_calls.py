"""The mistakes in queries, restores, tasks and sessions; see `mutations`."""

from __future__ import annotations

import re
from typing import Any

from tests.api.mutation import Patch, mutation
from tui.api import paging, points, query, requests, status, transport
from tui.api.codec import json, listing, readers, tree, xml
from tui.api.models import (
    CloudVmRestoreSpec,
    RestoreSession,
    SessionResult,
    SessionState,
    Task,
)

# --- queries


@mutation("paging_is_followed_to_the_end")
def only_the_first_page_is_read(patch: Patch) -> None:
    patch.setattr(paging, "range", lambda start, _end: [start], raising=False)
    patch.setattr(paging, "TooLarge", lambda _words: StopAsyncIteration())


@mutation("paging_is_followed_to_the_end")
def what_comes_twice_is_kept_twice(patch: Patch) -> None:
    patch.setattr(points, "follow", _follow_with_repeats)


async def _follow_with_repeats(asked: query.Query, fetch: Any, *, max_pages: int) -> Any:  # noqa: ANN401 - as follow
    for number in range(1, max_pages):
        page = await fetch(asked.at(number))
        yield page
        if number >= page.pages:
            return


@mutation("the_filter_is_repeated_by_the_client_on_each_page")
def the_filter_is_lost_after_the_first_page(patch: Patch) -> None:
    original = query.Query.target

    def target(self: query.Query, resource: str) -> str:
        found = original(self, resource)
        return re.sub(r"&filter=[^&]*", "", found) if self.page > 1 else found

    patch.setattr(query.Query, "target", target)


@mutation("filters_are_quoted_and_joined_as_documented")
def quotes_are_not_doubled(patch: Patch) -> None:
    patch.setattr(query, "quoted", lambda value: f'"{value}"')


@mutation("filters_are_quoted_and_joined_as_documented")
def values_are_not_encoded(patch: Patch) -> None:
    patch.setattr(query, "encoded", lambda text: text.replace(" ", "+"))


@mutation("filters_are_quoted_and_joined_as_documented")
def groups_have_no_parentheses(patch: Patch) -> None:
    patch.setattr(
        query, "_group", lambda joint, filters: query.Filter(joint.join(str(each) for each in filters))
    )


# --- restores, tasks, sessions


@mutation("elements_go_out_in_the_documented_order")
def elements_go_out_by_name(patch: Patch) -> None:
    original = requests._vm
    patch.setattr(requests, "_vm", lambda spec: dict(sorted(original(spec).items())))


@mutation("keeping_the_original_is_always_said")
def keeping_the_original_is_left_out_when_off(patch: Patch) -> None:
    original = requests._vm
    patch.setattr(
        requests, "_vm", lambda spec: {k: v for k, v in original(spec).items() if v or k != "KeepOriginalVM"}
    )


@mutation("the_seed_s_cloud_layout")
def an_empty_template_is_left_out(patch: Patch) -> None:
    original = requests._cloud

    def cloud(spec: CloudVmRestoreSpec) -> Any:  # noqa: ANN401 - nested fields
        fields: Any = original(spec)
        for wrapper in fields.values():
            wrapper["VmRestoreParameters"].pop("LinkedCloneVmTemplateRef", None)
        return fields

    patch.setattr(requests, "_cloud", cloud)


@mutation("the_schema_s_cloud_layout")
def there_is_one_cloud_layout(patch: Patch) -> None:
    original = requests._cloud
    patch.setattr(requests, "_cloud", lambda spec: {"VmRestoreSpec": next(iter(original(spec).values()))})


@mutation("a_restore_never_goes_out_without_a_body")
def the_body_is_forgotten(patch: Patch) -> None:
    for codec in (xml.XmlCodec, json.JsonCodec):
        patch.setattr(codec, "restore_body", lambda _self, _spec: b"")


@mutation("the_keys_of_a_vapp_restore_differ_by_format")
def a_vapp_has_the_same_keys_in_both_formats(patch: Patch) -> None:
    patch.setattr(json, "json_fields", requests.xml_fields)


@mutation("a_lost_reply_to_a_restore_is_never_answered_by_another_post")
def writes_are_tried_again(patch: Patch) -> None:
    original = transport.Transport._try

    async def again(self: transport.Transport, client: Any, call: Any, trail: Any, _tries: int) -> Any:  # noqa: ANN401 - as _try
        return await original(self, client, call, trail, 3)

    patch.setattr(transport.Transport, "_try", again)


@mutation("a_lost_reply_to_a_restore_is_never_answered_by_another_post")
def a_lost_write_claims_it_was_not_sent(patch: Patch) -> None:
    async def mark(_self: object, _event: str, _info: object) -> None: ...

    patch.setattr(transport._Trail, "mark", mark)


@mutation("a_result_alone_is_no_end_and_a_task_may_be_finished_at_once")
def a_result_ends_a_task(patch: Patch) -> None:
    patch.setattr(Task, "is_over", property(lambda self: self.success is not None))


@mutation("operation_finished_is_no_end")
def operation_finished_ends_a_task(patch: Patch) -> None:
    patch.setattr(Task, "is_over", property(lambda self: self.state.endswith("Finished")))


@mutation("the_related_session_is_chosen_by_type")
def the_related_session_is_chosen_by_rel(patch: Patch) -> None:
    original = tree.Tree.links

    def links(self: tree.Tree) -> Any:  # noqa: ANN401 - an iterator of links
        for each in original(self):
            kind = "RestoreSession" if each.rel == "Related" else each.type
            yield tree.Link(each.rel, kind, each.name, each.href)

    patch.setattr(tree.Tree, "links", links)


@mutation("a_task_of_another_session_is_unknown_by_its_message")
def an_unknown_task_is_a_fault(patch: Patch) -> None:
    patch.setattr(status, "_NO_SUCH_TASK", re.compile("(?!)"))


@mutation("none_is_no_end_and_a_warning_is_one")
def only_success_and_failure_end_a_session(patch: Patch) -> None:
    ends = {SessionResult.SUCCESS, SessionResult.FAILED}
    patch.setattr(RestoreSession, "is_over", property(lambda self: self.result in ends))


@mutation("none_is_no_end_and_a_warning_is_one")
def stopped_is_an_end_without_a_result(patch: Patch) -> None:
    patch.setattr(RestoreSession, "is_over", property(lambda self: self.state == SessionState.STOPPED))


@mutation("lookup_items_have_neither_links_nor_addresses")
def an_item_needs_an_address(patch: Patch) -> None:
    patch.setattr(tree, "_MARKS", ("Href", "UID"))
    patch.setattr(readers, "_hierarchy_item", lambda found: found.required("Href"))


@mutation("collecting_is_the_action_link_of_the_server")
def collecting_posts_to_the_server_itself(patch: Patch) -> None:
    patch.setattr("tui.api.places.id_of", lambda _uid: "wrong")
    original = readers.backup_server
    patch.setattr(
        readers,
        "backup_servers",
        lambda found: listing.read_listing(
            found, "BackupServers", "BackupServer", lambda each: _without_collect(original(each))
        ),
    )


def _without_collect(server: Any) -> Any:  # noqa: ANN401 - a frozen model, changed
    from dataclasses import replace

    return replace(server, collect_href="")
