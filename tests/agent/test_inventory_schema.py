"""The JSON Schema for editors, held against inventories by a small check of our own, and the reference beside it."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent import inventory
from agent.inventory_problems import flow
from collectors import yamlfile

ROOT = Path(__file__).parents[2]
VALID = sorted((ROOT / "tests" / "data" / "valid").glob("*.yaml"))
SCHEMA = inventory.json_schema()
TYPES = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool}


class Editor(yaml.SafeLoader):
    """Types scalars as editors do (YAML 1.2 core schema)."""


Editor.yaml_implicit_resolvers = {}
for tag, form, first in [
    ("bool", r"^(true|false|True|False|TRUE|FALSE)$", "tTfF"),
    ("int", r"^[-+]?[0-9]+$", "-+0123456789"),
    ("float", r"^[-+]?[0-9]*\.[0-9]+$", "-+.0123456789"),
]:
    Editor.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(form), list(first))


def edited(text: str) -> Any:
    return yaml.load(text, Loader=Editor)  # noqa: S506 - a SafeLoader


def wrong(data: Any, schema: Any, at: str = "") -> list[str]:
    """Return where data are not as the schema says: the keywords that json_schema uses."""
    if "$ref" in schema:
        return wrong(data, SCHEMA["$defs"][schema["$ref"].removeprefix("#/$defs/")], at)
    if "anyOf" in schema:
        tried = [wrong(data, one, at) for one in schema["anyOf"]]
        return [] if [] in tried else [f"{at}: none of {len(tried)}"]
    found = [
        f"{at}: {keyword}" for keyword, fits in SIMPLE.items() if keyword in schema and not fits(data, schema[keyword])
    ]
    if isinstance(data, dict):
        found += [f"{at}.{key}: missing" for key in schema.get("required", ()) if key not in data]
        for key, value in data.items():
            found += wrong(value, _of_key(str(key), schema), f"{at}.{key}")
    if isinstance(data, list):
        for number, value in enumerate(data):
            found += wrong(value, schema.get("items", {}), f"{at}[{number}]")
    return found


def _of_key(key: str, schema: Any) -> Any:
    if key in schema.get("properties", {}):
        return schema["properties"][key]
    if key not in schema.get("propertyNames", {}).get("enum", [key]):
        return {"enum": []}
    for pattern, inside in schema.get("patternProperties", {}).items():
        if re.search(pattern, key):
            return inside
    rest = schema.get("additionalProperties", True)
    return {"enum": []} if rest is False else {} if rest is True else rest


def _is(data: Any, name: str) -> bool:
    return isinstance(data, TYPES[name]) and (name == "boolean" or not isinstance(data, bool))


SIMPLE = {
    "type": lambda data, names: any(_is(data, name) for name in ([names] if isinstance(names, str) else names)),
    "enum": lambda data, values: any(data == value and isinstance(data, type(value)) for value in values),
    "const": lambda data, value: data is value,
    "pattern": lambda data, pattern: not isinstance(data, str) or re.search(pattern, data) is not None,
    "minimum": lambda data, least: isinstance(data, str) or data >= least,
    "maximum": lambda data, most: isinstance(data, str) or data <= most,
    "maxLength": lambda data, most: len(data) <= most,
    "minLength": lambda data, least: len(data) >= least,
    "minItems": lambda data, least: len(data) >= least,
    "format": lambda data, name: name == "date" and re.fullmatch(r"\d{4}-\d\d-\d\d", data) is not None,
}
ANNOTATIONS = {"title", "description", "examples", "additionalProperties", "properties", "required", "items"}
STRUCTURE = {"$ref", "anyOf", "propertyNames", "patternProperties", "$defs", "$schema"}


def schemas(schema: Any) -> list[dict[str, Any]]:
    """Return a schema and all within it."""
    inside = [
        *schema.get("anyOf", ()),
        *schema.get("properties", {}).values(),
        *schema.get("patternProperties", {}).values(),
    ]
    inside += [*schema.get("$defs", {}).values()]
    inside += [schema[key] for key in ("items", "additionalProperties") if isinstance(schema.get(key), dict)]
    return [schema, *(deep for one in inside for deep in schemas(one))]


def test_the_small_check_knows_every_keyword_of_the_schema() -> None:
    used = {keyword for schema in schemas(SCHEMA) for keyword in schema}
    assert used - set(SIMPLE) - ANNOTATIONS - STRUCTURE == set()


def test_the_schema_says_its_draft() -> None:
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_a_good_inventory_is_as_the_schema_says(path: Path) -> None:
    assert wrong(edited(path.read_text(encoding="utf-8")), SCHEMA) == []


def test_the_starter_is_as_the_schema_says() -> None:
    assert wrong(edited(inventory.EXAMPLE), SCHEMA) == []


@pytest.mark.parametrize(
    ("device", "where"),
    [
        ("class: swich", ".devices[0].class: enum"),
        ("classs: switch", ".devices[0].classs: enum"),
        ("interval: 60", ".devices[0].interval: type"),
        ("interval: 60x", ".devices[0].interval: pattern"),
        ("icmp: NO", ".devices[0].icmp: type"),
        ("snmp: true", ".devices[0].snmp: none of 2"),
        ("snmp: {port: 70000}", ".devices[0].snmp: none of 2"),
        ("snmp: {community: hunter2}", ".devices[0].snmp: none of 2"),
        ("tags: x", ".devices[0].tags: type"),
        ("limits: {cpu: {warning: high}}", ".devices[0].limits.cpu.warning: none of 3"),
    ],
)
def test_an_editor_sees_the_mistake(device: str, where: str) -> None:
    text = f"devices: [{{name: core-1, address: 10.0.0.1, {device}}}]"
    assert wrong(edited(text), SCHEMA) == [where]


@pytest.mark.parametrize(
    "device", ["snmp: false", "snmp: {version: 3}", "snmp: {version: 2c}", "limits: {a: {warning: 1}}"]
)
def test_an_editor_accepts_each_way_of_writing(device: str) -> None:
    assert wrong(edited(f"devices: [{{name: 1001, {device}}}]"), SCHEMA) == []


def test_every_example_is_right_by_its_own_key() -> None:
    for schema in schemas(SCHEMA):
        for example in schema.get("examples", ()):
            assert wrong(edited(flow(example)), {k: v for k, v in schema.items() if k != "examples"}) == []


def test_every_key_has_a_description_in_both_languages_and_an_example() -> None:
    keys = [field for schema in schemas(SCHEMA) for field in schema.get("properties", {}).values()]
    assert len(keys) > 60
    assert [field for field in keys if " / " not in field["description"] or not field["examples"]] == []


TABLES = {
    "": SCHEMA,
    **{f"{name.removesuffix('Form')}": part for name, part in SCHEMA["$defs"].items() if "properties" in part},
}


def reference_row(key: str, field: Any, required: bool) -> str:
    zh, _, en = field["description"].partition(" / ")
    values = field.get("enum") or SCHEMA["$defs"].get(field.get("$ref", "").removeprefix("#/$defs/"), {}).get("enum")
    form = " ".join(dict.fromkeys(map(str, values))) if values else flow(field["examples"][0])
    return f"| `{key}`{' *' if required else ''} | {zh} | {en} | `{form}` |"


@pytest.mark.parametrize("name", TABLES)
def test_the_reference_has_every_key(name: str) -> None:
    text = (ROOT / "docs" / "inventory.md").read_text(encoding="utf-8")
    table = TABLES[name]
    inherited = set(TABLES["Group"]["properties"]) if name == "Device" else set()
    rows = [
        reference_row(key, field, key in table.get("required", ()))
        for key, field in table["properties"].items()
        if key not in inherited
    ]
    assert "\n".join(rows) in text


def test_the_references_examples_load(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "inventory.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert blocks
    for number, block in enumerate(blocks):
        path = tmp_path / f"{number}.yaml"
        path.write_text(block, encoding="utf-8")
        names = dict.fromkeys(re.findall(r"env:(\w+)", block), "a-secret-of-8")
        assert inventory.load(path, env=names, warn=str).entries
        assert yamlfile.read(path).data
