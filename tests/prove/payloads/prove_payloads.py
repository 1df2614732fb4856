"""20,000 mangled answers to each vendor's adapter: typed errors or UNKNOWN, nothing invented, nothing without an end.

They go in over the Carrier interface, in place of the network alone.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.vendorkit.discovery import installed_vendors
from tests.support.payload_fuzzing import feed
from tests.support.rendered_answers import render

FED = 20_000
RENDERED = 500


@pytest.mark.parametrize("slug", sorted(installed_vendors()))
async def test_whatever_a_vendor_answers_is_a_typed_error_or_what_it_says(
    slug: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    findings = await feed(slug, FED, tmp_path, seed=2026)
    record_property("figures", findings.line(slug))
    assert findings.faults == {}
    assert findings.fed == FED
    assert findings.objects > FED / 10


@pytest.mark.parametrize("slug", sorted(installed_vendors()))
async def test_what_comes_of_them_is_rendered_or_told_of(
    slug: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    figures, wrong = await render(slug, RENDERED, tmp_path, seed=2026)
    record_property("figures", figures)
    assert wrong == []
