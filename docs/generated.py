"""The parts of the documents that the code knows better: `write` them, or list the files that are `stale`.

Each stands between `<!-- name:begin -->` and `<!-- name:end -->`. Installed vendors bring their own rows along.
"""

import re
import runpy
import sys
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, get_args, get_origin

from prometheus_client import Counter, Gauge, Histogram
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from gateway.domain.answer_codes import IN_ANSWERS, OF_REQUESTS
from gateway.domain.error_meanings import MEANINGS
from gateway.domain.errors import ErrorCode
from gateway.domain.operations import BACKEND_OPERATIONS, Capability, Support
from gateway.observability import metrics
from gateway.settings import Settings
from gateway.vendorkit.discovery import installed_vendors
from gateway.vendorkit.settings import BackendSettings, Pace

ROOT = Path(__file__).parents[1]
_SUPPORT = {Support.NATIVE: "yes", Support.PARTIAL: "partly", Support.NONE: "no"}


def capability_table() -> str:
    """Operations down, vendors across."""
    vendors = installed_vendors().values()
    by_vendor = [{capability.operation: capability for capability in one.capabilities} for one in vendors]
    rows = [["", *(one.title for one in vendors)], ["---"] * (len(by_vendor) + 1)]
    rows += [
        [f"`{operation}`", *(_cell(capabilities.get(operation)) for capabilities in by_vendor)]
        for operation in BACKEND_OPERATIONS
    ]
    return "\n".join(_row(row) for row in rows)


def settings_tables() -> str:
    """Every key of the configuration file, section by section, and what each vendor adds."""
    sections = []
    for name, info in Settings.model_fields.items():
        if name not in ("defaults", "backends"):
            sections += [f"### `{name}`", "", info.description or "", "", _table(_rows(_model(info), "")), ""]
    pace = f"{Settings.model_fields['defaults'].description} Each may stand in a backend too."
    sections += ["### `defaults`", "", pace, "", _table(_rows(Pace, "")), ""]
    shared = [row for row in _rows(BackendSettings, "") if row[0].strip("`") not in Pace.model_fields]
    heading = f"{Settings.model_fields['backends'].description} A list; every entry takes these:"
    sections += ["### `backends`", "", heading, "", _table(shared), ""]
    for slug, manifest in installed_vendors().items():
        own = [row for row in _rows(manifest.settings(), "") if row not in shared and not _is_shared(row)]
        sections += [f"### {manifest.title}: `vendor: {slug}`", "", _table(own), ""]
    return "\n".join(sections).strip()


def limits_table() -> str:
    """What one request and one principal may ask for."""
    return _table(_rows(_model(Settings.model_fields["limits"]), ""))


def call_tables() -> str:
    """What each operation costs each vendor, from the tables that its tests count by."""
    # `make schema` runs this file by its path, so the tests' modules are not on Python's own.
    sys.path.insert(0, str(ROOT))
    operations = runpy.run_path(str(ROOT / "tests/support/call_table.py"))["OPERATIONS"]
    sections = []
    for slug, manifest in installed_vendors().items():
        table = ROOT / "tests" / "vendors" / slug.replace("-", "_") / "vendor_calls.py"
        if table.exists():
            calls = runpy.run_path(str(table))["CALLS"]
            rows = [_calls_row(title, calls[name]) for name, title in operations.items() if name in calls]
            heading = [["operation", "calls", "least", "how they grow", "why more than the least"], ["---"] * 5]
            sections += [f"### {manifest.title}", "", "\n".join(_row(row) for row in [*heading, *rows]), ""]
    return "\n".join(sections).strip()


def metric_table() -> str:
    """Everything that is counted."""
    declared = [one for one in vars(metrics).values() if isinstance(one, Counter | Gauge | Histogram)]
    rows = [["metric", "kind", "labels", "tells"], ["---"] * 4]
    for one in declared:
        (family,) = one.describe()
        name = family.name + ("_total" if family.type == "counter" else "")
        labels = ", ".join(f"`{label}`" for label in one._labelnames)
        rows.append([f"`{name}`", family.type, labels, family.documentation])
    return "\n".join(_row(row) for row in rows)


def error_table() -> str:
    """The codes of errors as data."""
    rows = [["code", "means", "what to do"], ["---"] * 3]
    rows += [[f"`{code}`", *MEANINGS[code]] for code in ErrorCode]
    return "\n".join(_row(row) for row in rows)


def answer_codes() -> str:
    """The codes of top-level errors."""
    rows = [["`extensions.code`", "means"], ["---"] * 2]
    return "\n".join(_row(row) for row in [*rows, *([f"`{code}`", means] for code, means in IN_ANSWERS.items())])


def request_codes() -> str:
    """The codes of requests that never became an operation."""
    rows = [["code", "status", "means"], ["---"] * 3]
    rows += [[f"`{code}`", ", ".join(map(str, one.statuses)), one.means] for code, one in OF_REQUESTS.items()]
    return "\n".join(_row(row) for row in rows)


def vendor_table(slug: str) -> str:
    """One vendor's operations, with what the manifest notes of each."""
    vendor = installed_vendors()[slug]
    found = {capability.operation: capability for capability in vendor.capabilities}
    rows = [["operation", "", "note"], ["---"] * 3]
    rows += [
        [f"`{operation}`", _cell(found.get(operation)), _note(found.get(operation))] for operation in BACKEND_OPERATIONS
    ]
    return "\n".join(_row(row) for row in rows)


def _note(capability: Capability | None) -> str:
    if capability is None:
        return ""
    instead = ", ".join(f"`{one}`" for one in capability.alternatives)
    return " ".join(filter(None, (capability.note, f"Instead: {instead}." if instead else "")))


PARTS = {
    "README.md": {"capabilities": capability_table},
    "docs/configuration.md": {"settings": settings_tables},
    "docs/errors.md": {"codes": error_table, "answers": answer_codes, "requests": request_codes},
    "docs/limits.md": {"limits": limits_table},
    "docs/observability.md": {"metrics": metric_table},
    "docs/vendor-calls.md": {"calls": call_tables},
} | {
    # The page of a vendor from elsewhere is its own affair.
    f"docs/vendors/{slug}.md": {"capabilities": partial(vendor_table, slug)}
    for slug in installed_vendors()
    if (ROOT / f"docs/vendors/{slug}.md").exists()
}


def written(file: str) -> str:
    """The file's text with its generated parts as the code says. Raises ValueError when a marker is missing."""
    text = (ROOT / file).read_text(encoding="utf-8")
    for name, generate in PARTS[file].items():
        begin, end = f"<!-- {name}:begin -->\n", f"\n<!-- {name}:end -->"
        if begin not in text or end not in text:
            raise ValueError(f"{file} has lost its markers {begin.strip()} and {end.strip()}; put them back.")
        text = text[: text.index(begin) + len(begin)] + generate() + text[text.index(end) :]
    return text


def stale() -> list[str]:
    """The files whose generated parts are not what the code says."""
    return [file for file in PARTS if (ROOT / file).read_text(encoding="utf-8") != written(file)]


def _calls_row(title: str, calls: Any) -> list[str]:
    made = ", ".join(name if count == 1 else f"{count} {name}" for name, count in calls.made.items())
    return [title, made, str(calls.minimum), calls.grows, calls.why]


def _cell(capability: Capability | None) -> str:
    if capability is None:
        return "no"
    words = [_SUPPORT[capability.support]]
    if capability.force:
        words.append("`force`")
    if capability.max_targets is not None:
        words.append(f"{capability.max_targets} a call")
    return ", ".join(words)


def _is_shared(row: list[str]) -> bool:
    name = row[0].strip("`")
    return name in BackendSettings.model_fields and name != "endpoint"


def _model(info: FieldInfo) -> type[BaseModel]:
    model = _nested(info)
    if model is None:
        raise TypeError("A section of the configuration is expected to be a model.")
    return model


def _nested(info: FieldInfo) -> type[BaseModel] | None:
    return next(_models_in(info.annotation), None)


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


def _inside(name: str, info: FieldInfo) -> str:
    """What the keys of something nested begin with: a list's items have no names, those of a mapping any."""
    kinds = {get_origin(part) for part in (info.annotation, *get_args(info.annotation))}
    return f"{name}.NAME." if dict in kinds else f"{name}[]." if tuple in kinds else f"{name}."


def _rows(model: type[BaseModel], prefix: str) -> Iterator[list[str]]:
    for name, info in model.model_fields.items():
        nested = _nested(info)
        about = info.description or (nested.__doc__ if nested is not None else None) or ""
        yield [f"`{prefix}{name}`", _default(info), re.sub(r"\s+", " ", about).replace("|", r"\|")]
        if nested is not None:
            yield from _rows(nested, prefix + _inside(name, info))


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "required"
    value = info.get_default(call_default_factory=True, validated_data={})
    match value:
        case None | "":
            return ""
        case timedelta():
            return f"`{value.total_seconds():g}s`"
        case bool():
            return f"`{str(value).lower()}`"
        case tuple():
            return f"`[{', '.join(value)}]`"
        case dict():
            return "`{}`"
        case _:
            return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _table(rows: "Iterator[list[str]] | list[list[str]]") -> str:
    return "\n".join(_row(row) for row in [["key", "default", "meaning"], ["---"] * 3, *rows])


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """`write` or `stale`; the second exits 1 when there is any."""
    if sys.argv[1:] == ["write"]:
        for file in PARTS:
            (ROOT / file).write_text(written(file), encoding="utf-8")
    elif sys.argv[1:] == ["stale"]:
        sys.exit("\n".join(stale()) or None)
    else:
        sys.exit("usage: python docs/generated.py write|stale")


if __name__ == "__main__":
    main()
