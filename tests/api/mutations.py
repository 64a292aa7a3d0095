"""Mistakes a client could make, each put into ours, and the check of the contract that has to notice.

A check that stays green under its mutation proves nothing. `test_mutations.py` applies them one by one.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx

from tests.api.mutation import Patch, mutation
from tui.api import caller, logon, points, restores, status, transport
from tui.api.codec import json, jsonpoints, listing, readers, scalars, tree, xml, xmlpoints
from tui.api.codec import points as codec_points
from tui.api.errors import SessionExpired
from tui.api.models import (
    LogonSession,
    Platform,
    Task,
)


def slow_points(patch: Patch) -> None:
    """Send every page the tolerant way, where a mutation of that way shows."""
    patch.setattr(json, "fast_points", lambda _body: None)
    patch.setattr(xml, "fast_points", lambda _tree, _kind: None)


@mutation("no_cookie_is_kept_or_sent")
def a_cookie_jar_is_used(patch: Patch) -> None:
    jar, original = httpx.Cookies(), httpx.AsyncHTTPTransport.handle_async_request

    async def handle(self: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
        jar.set_cookie_header(request)
        response = await original(self, request)
        response.request = request
        jar.extract_cookies(response)
        return response

    patch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", handle)


@mutation("the_host_of_a_link_is_never_used")
def links_are_used_whole(patch: Patch) -> None:
    for module in (scalars, tree, codec_points, jsonpoints, xmlpoints):
        patch.setattr(module, "path_of", lambda href: href, raising=False)
    patch.setattr(httpx, "Request", _ToHrefHost)


class _ToHrefHost(httpx.Request):
    """A request to the host a link names."""

    def __init__(self, method: str, url: str, **more: Any) -> None:  # noqa: ANN401 - as httpx
        super().__init__(method, url[url.rfind("https://") :], **more)


@mutation("accept_names_one_type_and_it_is_the_body_s")
def accept_lists_both_types(patch: Patch) -> None:
    patch.setattr(caller, "_media_type", lambda _wire: "application/xml, application/json")


@mutation("accept_names_one_type_and_it_is_the_body_s")
def the_body_has_another_type_than_accept(patch: Patch) -> None:
    original = transport.Call

    def call(**fields: Any) -> transport.Call:  # noqa: ANN401 - the call's own fields
        if fields.get("content_type"):
            fields["content_type"] = "text/xml"
        return original(**fields)

    patch.setattr(transport, "Call", call)


@mutation("the_token_goes_out_verbatim_and_the_session_id_logs_off")
def the_token_is_decoded(patch: Patch) -> None:
    patch.setattr(
        logon, "LogonSession", lambda **f: LogonSession(**{**f, "token": f["token"].replace("+", " ")})
    )


@mutation("the_token_goes_out_verbatim_and_the_session_id_logs_off")
def logging_off_uses_the_token(patch: Patch) -> None:
    patch.setattr(logon, "LogonSession", lambda **f: LogonSession(**{**f, "session_id": f["token"]}))


@mutation("the_newest_version_is_found_by_number")
def versions_are_compared_as_text(patch: Patch) -> None:
    patch.setattr("tui.api.models.logon.version_key", lambda version: version)


@mutation("a_logon_may_be_wrapped_in_a_list")
def a_wrapped_logon_is_not_read(patch: Patch) -> None:
    patch.setattr(readers, "logon", lambda found: (found.text("UserName"), found.text("SessionId")))


@mutation("the_body_of_a_logon_may_be_empty")
def a_logon_needs_a_body(patch: Patch) -> None:
    patch.setattr(logon.LogonCalls, "_names_in", lambda self, reply: self._model(reply.body, readers.logon))


@mutation("status_401_is_an_expired_session_or_at_logon_a_bad_login")
def a_401_is_any_error(patch: Patch) -> None:
    patch.delitem(status._ERRORS, 401)


@mutation("a_role_without_lookup_is_told_so")
def a_403_is_an_expired_session(patch: Patch) -> None:
    patch.setitem(status._ERRORS, 403, SessionExpired)


@mutation("the_web_page_is_not_the_rest_api")
def a_logon_needs_no_token(patch: Patch) -> None:
    patch.setattr(logon, "NotManager", _Ignored)


class _Ignored(Exception):
    def __init__(self, *_words: object, **_more: object) -> None:
        super().__init__()


@mutation("errors_are_read_whatever_was_asked_for")
def errors_are_read_as_xml_only(patch: Patch) -> None:
    patch.setattr(status, "codec_of", lambda _body: xml.XmlCodec())


@mutation("cancelling_goes_to_the_delete_link_else_to_the_plural_path")
def cancelling_uses_the_path_of_the_title(patch: Patch) -> None:
    async def cancel(self: restores.RestoreCalls, task: Task) -> None:
        await self._write("DELETE", f"/api/task/{task.task_id}")

    patch.setattr(restores.RestoreCalls, "cancel_task", cancel)


# --- shapes and values


@mutation("both_casings_of_json_mean_the_same")
def keys_are_read_in_one_casing_only(patch: Patch) -> None:
    patch.setattr(tree.Tree, "get", lambda self, key: self.members.get(key))
    patch.setattr(tree.Tree, "has", lambda self, key: key in self.members)
    patch.setattr(jsonpoints, "_CAMEL_CASE", jsonpoints._PASCAL_CASE)


@mutation("lists_are_nested_in_several_ways")
def lists_have_one_shape_only(patch: Patch) -> None:
    patch.setattr(listing, "inner_of", lambda value, plural, _singular: value.get(plural, {}).get(plural))


@mutation("tasks_sit_under_resources")
def resources_are_not_looked_into(patch: Patch) -> None:
    patch.setattr(listing, "_CONTAINERS", ("Entities",))


@mutation("a_list_of_one_is_a_list")
def a_list_of_one_is_lost(patch: Patch) -> None:
    def items(value: object, *_names: str) -> list[object]:
        inner = next(iter(value.values()), None) if isinstance(value, dict) else value
        return inner if isinstance(inner, list) and len(inner) > 1 else []

    slow_points(patch)
    patch.setattr(tree, "_items", items)


@mutation("entities_are_decoded_once")
def text_is_decoded_twice(patch: Patch) -> None:
    slow_points(patch)
    patch.setattr(tree, "text_of", lambda value: scalars.text_of(value).replace("&amp;", "&"))


@mutation("times_have_none_to_seven_digits_and_1753_is_none")
def times_have_six_digits(patch: Patch) -> None:
    def time_of(value: object) -> datetime | None:
        try:
            return datetime.strptime(str(value), "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
        except ValueError:
            return None

    for module in (tree, xmlpoints):
        patch.setattr(module, "time_of", time_of)
    patch.setattr(jsonpoints, "times_of", lambda texts, missing: [time_of(text) or missing for text in texts])


@mutation("times_have_none_to_seven_digits_and_1753_is_none")
def the_null_date_is_a_date(patch: Patch) -> None:
    patch.setattr(scalars, "_LAST_NULL_YEAR", 0)


@mutation("the_last_at_splits_a_name_and_names_stay_as_sent")
def the_first_at_splits_a_name(patch: Patch) -> None:
    slow_points(patch)
    original = tree.Tree.text

    def text(self: tree.Tree, key: str) -> str:
        found = original(self, key)
        return "@".join(found.split("@")[:1] + found.split("@")[-1:]) if key == "Name" else found

    patch.setattr(tree.Tree, "text", text)


@mutation("links_are_chosen_by_what_they_have")
def the_first_link_is_taken(patch: Patch) -> None:
    slow_points(patch)
    patch.setattr(tree.Tree, "links", lambda self: iter([*_links(self)][:3]))


def _links(of: tree.Tree) -> list[tree.Link]:
    return [
        tree.Link(each.text("Rel"), each.text("Type"), each.text("Name"), each.text("Href"))
        for each in of.items("Links", "Link")
    ]


@mutation("a_link_with_the_wrong_type_is_not_taken_for_the_restore_point")
def types_of_links_are_compared_by_their_beginning(patch: Patch) -> None:
    slow_points(patch)
    patch.setattr(
        tree.Tree,
        "links",
        lambda self: (
            tree.Link(each.rel, each.type.removesuffix("List"), each.name, each.href) for each in _links(self)
        ),
    )


@mutation("the_platform_is_read_in_any_case")
def platforms_have_one_spelling(patch: Patch) -> None:
    words = {platform.value: platform for platform in Platform}
    for module in (codec_points, jsonpoints, xmlpoints):
        patch.setattr(module, "platform_in", lambda ref: words.get(ref.split(":")[1], Platform.UNKNOWN))


@mutation("without_a_reference_the_backup_names_the_platform")
def an_unknown_platform_is_vmware(patch: Patch) -> None:
    async def platform_of(_self: object, _point: object) -> Platform:
        return Platform.VSPHERE

    patch.setattr(points.PointCalls, "platform_of", platform_of)


@mutation("a_reference_leads_to_the_entity")
def a_reference_is_taken_for_the_entity(patch: Patch) -> None:
    patch.setattr(listing, "is_reference", lambda _tree: False)
    patch.setattr(codec_points, "is_reference", lambda _tree: False)
