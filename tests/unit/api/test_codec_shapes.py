"""Lists in all the shapes they come in, empty ones, and references in their place."""

from __future__ import annotations

import json

import pytest

from tests.unit.api.dialects import xml
from tests.unit.api.test_codec_points import ENTITY, HERE, POINT, POINT_ID, UID, read
from tui.api.codec.listing import Listing

SHAPES = {
    "twice the same name": {"Entities": {"VmRestorePoints": {"VmRestorePoints": [ENTITY]}}},
    "once": {"Entities": {"VmRestorePoints": [ENTITY]}},
    "singular": {"Entities": {"VmRestorePoints": {"VmRestorePoint": [ENTITY]}}},
    "a lone object": {"Entities": {"VmRestorePoints": {"VmRestorePoint": ENTITY}}},
    "a lone object at once": {"Entities": {"VmRestorePoints": ENTITY}},
    "an array": {"Entities": [ENTITY]},
    "a plain collection": {"VmRestorePoints": [ENTITY]},
    "a plain collection, nested": {"VmRestorePoints": {"VmRestorePoints": [ENTITY]}},
    "an array at the root": [ENTITY],
    "the entity itself": ENTITY,
    "under Resources": {"Resources": {"VmRestorePoints": {"VmRestorePoints": [ENTITY]}}},
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("camel", [False, True])
def test_every_shape_of_a_json_list(shape: str, camel: bool) -> None:
    text = json.dumps(SHAPES[shape])
    if camel:
        for key in ("Entities", "VmRestorePoints", "VmRestorePoint", *ENTITY, "Rel"):
            small = "uid" if key == "UID" else key[0].lower() + key[1:]
            text = text.replace(f'"{key}":', f'"{small}":')
    assert read(text.encode()).items == (POINT,)


EMPTY_JSON = [
    {"Entities": {"VmRestorePoints": {"VmRestorePoints": []}}},
    {"Entities": {"VmRestorePoints": {"VmRestorePoints": None}}},
    {"Entities": {"VmRestorePoints": {}}},
    {"Entities": {"VmRestorePoints": None}},
    {"Entities": {}},
    {"Entities": None},
    {"PagingInfo": {"PageNum": 1, "PageSize": 100, "PagesCount": 0}},
    {"Refs": {"Refs": []}},
    {},
    [],
]


@pytest.mark.parametrize("tree", EMPTY_JSON, ids=json.dumps)
def test_nothing_found_in_json(tree: object) -> None:
    assert read(json.dumps(tree).encode()) == Listing(items=())


@pytest.mark.parametrize(
    "inner",
    [
        "",
        "<Entities/>",
        "<Entities><VmRestorePoints/></Entities>",
        "<Entities><VmRestorePoints />\n</Entities>",
    ],
)
def test_nothing_found_in_xml(inner: str) -> None:
    assert (
        read(f'<QueryResult xmlns="http://www.veeam.com/ent/v1.0">{inner}</QueryResult>'.encode()).items == ()
    )


@pytest.mark.parametrize(
    "body", [b"<EntityReferences/>", b"<VmRestorePoints/>", b'<VmRestorePoints Href="x"/>']
)
def test_an_empty_collection(body: bytes) -> None:
    assert read(body).items == ()


REFERENCE = {
    "UID": UID,
    "Name": "app07@2025",
    "Href": HERE,
    "Type": "VmRestorePointReference",
    "Links": [{"Href": f"{HERE}?format=Entity", "Type": "VmRestorePoint", "Rel": "Alternate"}],
}


@pytest.mark.parametrize(
    "body",
    [
        xml("QueryResult", {"Refs": {"Ref": [REFERENCE]}}),
        xml("EntityReferences", {"Ref": [REFERENCE]}),
        xml("EntityRef", REFERENCE),
        json.dumps({"Refs": {"Refs": [REFERENCE]}}).encode(),
        json.dumps({"Refs": [REFERENCE]}).encode(),
        json.dumps({"Refs": {"Ref": REFERENCE}}).encode(),
        json.dumps(REFERENCE).encode(),
        json.dumps({"VmRestorePoints": [{**REFERENCE, "Links": None}]}).encode(),
    ],
)
def test_references_lead_to_entities(body: bytes) -> None:
    listing = read(body)
    assert listing.items == ()
    assert [each.path for each in listing.references] == [f"/api/vmRestorePoints/{POINT_ID}?format=Entity"]
    assert listing.references[0].uid == UID
