"""The benchmarks ask what the schema answers, and their results say what was found."""

from pathlib import Path
from typing import Any

import pytest
from graphql import build_schema, parse, validate

from benchmarks import chart, results, throughput
from benchmarks.__main__ import all_sections
from benchmarks.equality import comparable
from benchmarks.fleet import BACKENDS, fleet
from benchmarks.shapes import SHAPES, Shape

ROOT = Path(__file__).parents[2]
MACHINE = {
    "processor": "A processor",
    "cores": 2,
    "memory_gib": 8.0,
    "system": "Linux 6",
    "measured": "2026-01-01",
}


def _figure(server: str, rate: float, **more: Any) -> dict[str, Any]:
    return {
        "server": server, "shape": "flat-4x25", "mode": "warm", "connections": 16, "rates": [rate], "rate": rate,
        "p50_ms": 1.5, "p99_ms": 12.25, "cpu_ms": 0.125, "peak_memory_mib": 100, "failed": 0, **more,
    }  # fmt: skip


def _content(*figures: dict[str, Any]) -> dict[str, Any]:
    servers = {"strawberry": "Strawberry", "mercurius": "Mercurius", "gateway": "OTA Gateway"}
    shapes = {shape.name: shape.title for shape in SHAPES}
    return {
        "rounds": 5, "seconds": 1.5, "load_average_before": 0.1,
        "servers": servers, "shapes": shapes, "figures": list(figures),
    }  # fmt: skip


def _line(text: str, head: str, server: str) -> str:
    """The line of a server in the table of that head."""
    return next(line for line in text.partition(f"| {head} |")[2].splitlines() if line.startswith(f"| {server} "))


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_every_question_fits_the_contract(shape: Shape) -> None:
    schema = build_schema((ROOT / "schema.graphql").read_text(), assume_valid_sdl=True)
    assert validate(schema, parse(shape.document)) == []


def test_a_document_never_seen_has_an_alias_at_the_list_and_at_every_field_of_a_row() -> None:
    (unseen,) = [shape for shape in SHAPES if shape.unseen]
    renamed = unseen.with_aliases()
    assert renamed.count("@") == 9
    for number in range(9):
        renamed = renamed.replace("@", f"x{number}", 1)
    schema = build_schema((ROOT / "schema.graphql").read_text(), assume_valid_sdl=True)
    assert validate(schema, parse(renamed)) == []


def test_the_jobs_are_the_same_each_time_and_interleave_over_the_backends() -> None:
    assert fleet(1, 25) == fleet(1, 25)
    rows = sorted((job["createdAt"], at) for at in range(len(BACKENDS)) for job in fleet(at, 10).jobs)
    assert all({at for _, at in rows[place : place + 4]} == {0, 1, 2, 3} for place in range(0, 40, 4))
    jobs = [job["createdAt"] for job in fleet(0, 25).jobs]
    assert jobs != sorted(jobs, reverse=True)


def test_answers_are_compared_but_for_the_text_of_their_cursors() -> None:
    one = {"edges": [{"cursor": "abc", "node": {"id": "1"}}], "pageInfo": {"endCursor": "abc", "startCursor": None}}
    other = {"edges": [{"cursor": "xyz", "node": {"id": "1"}}], "pageInfo": {"endCursor": "xyz", "startCursor": None}}
    assert comparable(one) == comparable(other)
    other["pageInfo"]["endCursor"] = None  # type: ignore[call-overload]
    assert comparable(one) != comparable(other)


def test_rates_are_set_against_others_under_the_same_conditions() -> None:
    text = throughput.markdown(
        _content(
            _figure("strawberry", 100),
            _figure("mercurius", 4_000),
            _figure("mercurius", 50, mode="cold"),
            _figure("gateway", 5_000),
            _figure("gateway", 75, mode="cold"),
        )
    )
    warm, cold = text.split("### Cold")
    assert _line(warm, "times Mercurius | flat-4x25", "OTA Gateway") == "| OTA Gateway | 1.25 |"
    assert _line(warm, "times Strawberry | flat-4x25", "OTA Gateway") == "| OTA Gateway | 50 |"
    assert _line(cold, "times Mercurius | flat-4x25", "OTA Gateway") == "| OTA Gateway | 1.50 |"
    assert _line(cold, "times Strawberry | flat-4x25", "OTA Gateway") == "| OTA Gateway | – |"


def test_failed_requests_are_named() -> None:
    fine = throughput.markdown(_content(_figure("gateway", 5_000)))
    assert "Failed requests: none." in fine
    failed = throughput.markdown(_content(_figure("gateway", 5_000, failed=3), _figure("mercurius", 4_000)))
    assert "gateway 3 (flat-4x25, warm, 16 connections)" in failed
    assert "none" not in failed


def test_a_section_that_was_not_measured_is_left_out() -> None:
    sections = all_sections()
    found = {"machine": MACHINE, "versions": {"python": "3.11"}, "throughput": _content(_figure("gateway", 5_000))}
    text = results.render(found, sections)
    assert [line for line in text.splitlines() if line.startswith("## ")] == ["## Throughput", "## Versions"]


def test_the_chart_shows_the_fastest_first_and_every_rate() -> None:
    drawn = chart.svg(_content(_figure("mercurius", 4_000), _figure("gateway", 5_000), _figure("strawberry", 100)))
    assert drawn.index("OTA Gateway") < drawn.index("Mercurius") < drawn.index("Strawberry")
    assert all(f">{rate}<" in drawn for rate in ("4,000", "5,000", "100"))


def test_the_results_kept_here_are_rendered_from_their_figures(tmp_path: Path) -> None:
    results.write(tmp_path, results.read(results.HERE), all_sections())
    for name in ("results.json", "results.md", "results.svg"):
        assert (tmp_path / name).read_text() == (results.HERE / name).read_text(), name
