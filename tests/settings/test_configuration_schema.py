"""The JSON Schema accepts what the reader accepts. Its few keywords are read by hand: no validator is installed."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from gateway.settings import ConfigurationError, config_schema, parse
from gateway.vendorkit.discovery import installed_vendors

DOCUMENTED = """
server: {host: 127.0.0.1, port: 8000, cors_origins: [], cursor_secret: "${env.CURSOR_SECRET}"}
defaults:
  timeout: 5s
  attempt_timeout: 2s
  drain_timeout: 120s
  cache_ttl: 5s
  single_flight: true
  calls_per_second: 10
cache: {url: "memory://"}
ledger: {url: "sqlite+aiosqlite:///ota-gateway.db"}
auth:
  mode: none
backends:
  - {name: eu-fleet, vendor: aws-iot, region: eu-west-1, profile: fleet}
  - {name: homes, vendor: aws-managed-integrations, region: eu-west-1, read_only: true}
  - name: factory
    vendor: huawei-iotda
    endpoint: https://iotda.cn-north-4.myhuaweicloud.com
    region: cn-north-4
    project_id: ${env.HUAWEI_PROJECT_ID}
    instance_id: ${env.HUAWEI_INSTANCE_ID}
    signing: plain
    credentials: {access_key: "${env.HUAWEI_AK}", secret_key: "${env.HUAWEI_SK}"}
  - name: retail
    vendor: tuya
    endpoint: https://si-example.tuyacloud.com:8686
    extra_params: {}
    credentials: {access_key_id: "${env.TUYA_ID}", access_key_secret: "${env.TUYA_SECRET}"}
"""
# Each documented backend by its vendor. A vendor's folder may be removed: its backend is then no example any more.
NAMES = {
    slug: name
    for slug, name in {
        "aws-iot": "eu-fleet",
        "aws-managed-integrations": "homes",
        "huawei-iotda": "factory",
        "tuya": "retail",
    }.items()
    if slug in installed_vendors()
}
SLUG, NAME = next(iter(NAMES.items()))
_HEAD, *_BACKENDS = re.split(r"(?m)^(?=  - )", DOCUMENTED)
EXAMPLE = _HEAD + "".join(block for block in _BACKENDS if re.findall(r"vendor: ([\w-]+)", block)[0] in NAMES)
ENV = {
    "CURSOR_SECRET": "0123456789abcdef",
    "HUAWEI_PROJECT_ID": "0c8f1d2e3a4b5c6d7e8f9a0b1c2d3e4f",
    "HUAWEI_INSTANCE_ID": "11111111-2222-3333-4444-555555555555",
    "HUAWEI_AK": "ak",
    "HUAWEI_SK": "sk",
    "TUYA_ID": "id",
    "TUYA_SECRET": "secret",
}
_TYPES: Mapping[str, Any] = {
    "object": dict, "array": list, "string": str, "boolean": bool, "null": type(None), "integer": int,
    "number": (int, float),
}  # fmt: skip
_ANNOTATIONS = {"title", "description", "default", "examples", "format", "writeOnly", "$schema", "$defs"}


def fits(value: object, schema: Any, root: dict[str, Any]) -> bool:
    if isinstance(schema, bool):
        return schema
    checks = {
        "$ref": lambda rule: fits(value, root["$defs"][rule.removeprefix("#/$defs/")], root),
        "anyOf": lambda rule: any(fits(value, option, root) for option in rule),
        "oneOf": lambda rule: sum(fits(value, option, root) for option in rule) == 1,
        "type": lambda rule: isinstance(value, _TYPES[rule]) and (rule == "boolean" or not isinstance(value, bool)),
        "const": lambda rule: value == rule,
        "enum": lambda rule: value in rule,
        "pattern": lambda rule: not isinstance(value, str) or re.search(rule, value) is not None,
        "minLength": lambda rule: not isinstance(value, str) or len(value) >= rule,
        "maxLength": lambda rule: not isinstance(value, str) or len(value) <= rule,
        "minimum": lambda rule: not isinstance(value, int | float) or value >= rule,
        "maximum": lambda rule: not isinstance(value, int | float) or value <= rule,
        "exclusiveMinimum": lambda rule: not isinstance(value, int | float) or value > rule,
        "minItems": lambda rule: not isinstance(value, list) or len(value) >= rule,
        "items": lambda rule: not isinstance(value, list) or all(fits(item, rule, root) for item in value),
        "required": lambda rule: not isinstance(value, dict) or set(rule) <= value.keys(),
        "properties": lambda rule: (
            not isinstance(value, dict) or all(fits(value[key], rule[key], root) for key in rule if key in value)
        ),
        "additionalProperties": lambda rule: (
            not isinstance(value, dict)
            or all(fits(value[key], rule, root) for key in value if key not in schema.get("properties", {}))
        ),
    }
    assert schema.keys() <= checks.keys() | _ANNOTATIONS, schema.keys() - checks.keys()
    return all(checks[keyword](rule) for keyword, rule in schema.items() if keyword in checks)


def test_the_documented_example_fits_the_schema_and_is_read() -> None:
    schema = config_schema()
    assert fits(yaml.safe_load(EXAMPLE), schema, schema)
    settings = parse(EXAMPLE, ENV)
    assert [backend.name for backend in settings.backends] == list(NAMES.values())


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("port: 8000", "prt: 8000"),
        ("timeout: 5s", "timeout: 5"),
        ("mode: none", "mode: open"),
        (f"vendor: {SLUG}", f"vendor: {SLUG[:-1]}"),
        ("single_flight: true", "single_flight: maybe"),
        ("calls_per_second: 10", "calls_per_second: 0"),
        (f"name: {NAME}", f"label: {NAME}"),
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(good: str, bad: str) -> None:
    schema = config_schema()
    text = EXAMPLE.replace(good, bad, 1)
    assert text != EXAMPLE
    assert not fits(yaml.safe_load(text), schema, schema)
    with pytest.raises(ConfigurationError):
        parse(text, ENV)


@pytest.mark.parametrize("slug", NAMES)
@pytest.mark.parametrize("other", installed_vendors())
def test_under_the_name_of_another_vendor_the_schema_refuses_what_the_reader_refuses(slug: str, other: str) -> None:
    example = yaml.safe_load(EXAMPLE)
    (backend,) = (backend for backend in example["backends"] if backend["vendor"] == slug)
    backend["vendor"] = other
    try:
        parse(yaml.safe_dump(example), ENV)
        read = True
    except ConfigurationError:
        read = False
    schema = config_schema()
    assert fits(example, schema, schema) == read


def test_the_section_of_one_vendor_is_refused_under_the_name_of_another(vendors: Mapping[str, Any]) -> None:
    schema = config_schema(vendors)
    north = {"name": "a", "vendor": "north-ota", "region": "r"}
    assert fits({"backends": [north]}, schema, schema)
    assert not fits({"backends": [{**north, "vendor": "south-ota"}]}, schema, schema)


def test_each_vendor_is_one_shape_told_apart_by_its_slug(vendors: Mapping[str, Any]) -> None:
    schema = config_schema(vendors)
    shapes = schema["properties"]["backends"]["items"]["oneOf"]
    slugs = [
        schema["$defs"][shape["$ref"].removeprefix("#/$defs/")]["properties"]["vendor"]["const"] for shape in shapes
    ]
    assert slugs == ["north-ota", "south-ota"]


def test_durations_are_described_as_text() -> None:
    properties = config_schema()["$defs"]["Pace"]["properties"]
    assert {option["type"] for option in properties["timeout"]["anyOf"]} == {"string"}
    assert properties["timeout"]["examples"] == ["5s", "300ms"]


def test_every_default_fits_the_shape_it_is_the_default_of() -> None:
    schema = config_schema()
    checked = 0
    for holder in (schema, *schema["$defs"].values()):
        for name, shape in holder.get("properties", {}).items():
            if shape.get("default") is not None:
                assert fits(shape["default"], shape, schema), f"{name}: {shape['default']}"
                checked += 1
    assert checked >= 4 * (1 + len(installed_vendors()))
