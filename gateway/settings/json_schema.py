"""The JSON Schema of the configuration file, for editors."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from gateway.settings.model import Settings
from gateway.vendorkit.discovery import installed_vendors
from gateway.vendorkit.manifest import VendorManifest
from gateway.vendorkit.settings import Pace

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_FROM_ENVIRONMENT = {"type": "string", "pattern": r"\$\{env\.[A-Za-z_][A-Za-z0-9_]*\}"}
_SCALARS = {"string", "integer", "number", "boolean"}


class _WithDurationsAsWritten(GenerateJsonSchema):
    """Prints the default of a duration as a configuration writes it."""

    def encode_default(self, dft: Any) -> Any:
        """`5s` where pydantic would print `PT5S`, which the configuration does not take."""
        return f"{dft.total_seconds():g}s" if isinstance(dft, timedelta) else super().encode_default(dft)


def config_schema(vendors: Mapping[str, VendorManifest] | None = None) -> dict[str, Any]:
    """The schema, with one shape of backend for each vendor; `vendors` are the installed ones unless given."""
    vendors = installed_vendors() if vendors is None else vendors
    models = {slug: manifest.settings() for slug, manifest in vendors.items()}
    by_model, shared = models_json_schema(
        [(Settings, "validation"), *((m, "validation") for m in models.values())],
        schema_generator=_WithDurationsAsWritten,
    )
    definitions: dict[str, Any] = shared["$defs"]
    root = definitions.pop(_name(by_model[Settings, "validation"]))
    backends = root["properties"]["backends"]
    branches = []
    for slug, model in models.items():
        name = _name(by_model[model, "validation"])
        definition = definitions.pop(name)
        definition["properties"]["vendor"] = {"const": slug, "description": vendors[slug].title}
        definition["title"] = vendors[slug].title
        # `defaults` may give what a backend leaves out.
        required = [key for key in definition.get("required", []) if key not in Pace.model_fields]
        definitions[slug] = {**definition, "required": required}
        branches.append({"$ref": f"#/$defs/{slug}"})
    definitions.pop("BackendSettings", None)
    backends["items"] = {"oneOf": branches} if branches else False
    for holder in (root, *definitions.values()):
        _allow_environment(holder)
    # An empty section is a section left out.
    for name, section in root["properties"].items():
        if name != "backends" and "$ref" in section:
            root["properties"][name] = {
                "anyOf": [{"$ref": section.pop("$ref")}, {"type": "null"}],
                **section,
            }
    return {"$schema": _DIALECT, "title": "OTA Gateway configuration", **_without_title(root), "$defs": definitions}


def _name(reference: Mapping[str, Any]) -> str:
    return re.sub(r".*/", "", str(reference["$ref"]))


def _without_title(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key not in ("title", "description")}


def _allow_environment(schema: dict[str, Any]) -> None:
    """Let `${env.NAME}` stand wherever a scalar is expected: its text says nothing about what it becomes."""
    for name, inner in schema.get("properties", {}).items():
        schema["properties"][name] = _scalar_or_reference(inner)
    if isinstance(schema.get("items"), dict):
        schema["items"] = _scalar_or_reference(schema["items"])


def _scalar_or_reference(schema: dict[str, Any]) -> dict[str, Any]:
    if schema.get("type") == "array":
        _allow_environment(schema)
        return schema
    options = schema.get("anyOf")
    if options is None and schema.get("type") not in _SCALARS and "enum" not in schema:
        return schema
    if options is not None and not any(option.get("type") in _SCALARS for option in options):
        return schema
    outside: dict[str, Any] = {
        key: schema.pop(key) for key in ("title", "description", "default", "examples") if key in schema
    }
    return {"anyOf": [*(options or [schema]), dict(_FROM_ENVIRONMENT)], **outside}
