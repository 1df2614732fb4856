"""The least-privilege policy that a vendor's page shows, and what its adapter calls."""

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
_OPERATION = re.compile(r'"((?:List|Get|Describe|Create|Update|Cancel|Delete)[A-Za-z]+)"')
_READS = ("List", "Get", "Describe")


def policy_of(page: str) -> dict[str, set[str]]:
    """The actions of each statement of the page's policy."""
    text = (ROOT / "docs/vendors" / page).read_text(encoding="utf-8")
    found = re.search(r"```json\n(.*?)```", text, re.DOTALL)
    assert found is not None, page
    policy: dict[str, Any] = json.loads(found[1])
    assert policy["Version"] == "2012-10-17"
    assert {one["Effect"] for one in policy["Statement"]} == {"Allow"}
    return {one["Sid"]: set(one["Action"]) for one in policy["Statement"]}


def called_in(wire: str, prefix: str) -> dict[str, set[str]]:
    """The actions for what a vendor's wire names, as the two statements have them."""
    names = set(_OPERATION.findall((ROOT / wire).read_text(encoding="utf-8")))
    reads = {name for name in names if name.startswith(_READS)}
    return {
        "Read": {f"{prefix}:{name}" for name in reads},
        "Change": {f"{prefix}:{name}" for name in names - reads},
    }
