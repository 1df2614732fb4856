"""What each vendor's tests tell of it: the calls that its operations cost, and a task that it would create."""

import importlib.util
from pathlib import Path
from types import ModuleType

from gateway.vendorkit.discovery import installed_vendors
from tests.support.call_table import DEVICES_PER_TASK, TASKS

TESTS = Path(__file__).parents[1]
TABLES = {
    slug: table
    for slug in sorted(installed_vendors())
    if (table := TESTS / "vendors" / slug.replace("-", "_") / "vendor_calls.py").exists()
}
FLEET = {"tasks": TASKS, "devices_per_task": DEVICES_PER_TASK}


def table_of(slug: str) -> ModuleType:
    """The module `vendor_calls` of a vendor's tests."""
    spec = importlib.util.spec_from_file_location(f"vendor_calls_{TABLES[slug].parent.name}", TABLES[slug])
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
