"""Dashboard and alerts ask for metrics that are counted, by labels that they have."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client import Counter, Gauge, Histogram

from gateway.domain.errors import ErrorCode
from gateway.domain.outcomes import MutationOutcome
from gateway.observability import metrics
from tests.support.child_server import REPOSITORY
from tests.support.deployed import DEPLOY, documents

DASHBOARD: dict[str, Any] = json.loads((DEPLOY / "monitoring/dashboard.json").read_text())
(ALERTS,) = documents(DEPLOY / "monitoring/alerts.yml")
OF_SCRAPES = {"up": set(), "process_resident_memory_bytes": {"pid"}, "process_cpu_seconds_total": {"pid"},
              "process_open_fds": {"pid"}}  # fmt: skip
BY_PROMETHEUS = {"job", "instance"}
NAME = re.compile(r"\b(?:ota_gateway|process|up)\w*\b(?=[\s{\[)]|$)")
SELECTOR = re.compile(r"(\w+)\{([^}]*)\}")
MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')
GROUPED = re.compile(r"\bby \(([^)]*)\)")


def declared() -> dict[str, set[str]]:
    """Each series that can be asked for, and its labels."""
    series: dict[str, set[str]] = {}
    for one in vars(metrics).values():
        if isinstance(one, Counter | Gauge | Histogram):
            labels = set(one._labelnames)
            if isinstance(one, Counter):
                series[f"{one._name}_total"] = labels
            elif isinstance(one, Gauge):
                series[one._name] = labels
            else:
                series |= {f"{one._name}_{part}": labels for part in ("sum", "count")}
                series[f"{one._name}_bucket"] = labels | {"le"}
    return series


def queries() -> Iterator[tuple[str, str]]:
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]
    for group in ALERTS["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]


@pytest.mark.parametrize(("title", "query"), list(queries()))
def test_a_query_asks_for_what_is_counted(title: str, query: str) -> None:
    known = declared() | OF_SCRAPES
    asked = set(NAME.findall(query))
    assert asked, title
    assert asked <= set(known)
    for name, matchers in SELECTOR.findall(query):
        assert {label for label, _, _ in MATCHER.findall(matchers)} <= known[name] | BY_PROMETHEUS
    labels = set.union(*(known[name] for name in asked)) | BY_PROMETHEUS
    for group in GROUPED.findall(query):
        assert {label.strip() for label in group.split(",")} <= labels


def test_the_dashboard_shows_everything_that_is_counted() -> None:
    shown = " ".join(query for title, query in queries() if not title.startswith("Ota"))
    parts = ("_sum", "_count")
    assert [name for name in declared() if name not in shown and not name.endswith(parts)] == []
    assert len(declared()) > 20


def test_legends_name_labels_that_the_query_leaves() -> None:
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", ()):
            left = {one.strip() for group in GROUPED.findall(target["expr"]) for one in group.split(",")}
            named = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            assert named <= left or panel["title"] in ("Memory", "Processors", "Open files"), panel["title"]


def test_panels_lie_beside_and_below_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken
        assert max(x for x, _ in cells) < 24
        taken |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"]) > 20


def test_alerts_name_outcomes_that_there_are() -> None:
    words = {
        "ota_gateway_vendor_calls_total": set(ErrorCode),
        "ota_gateway_mutations_total": set(MutationOutcome),
        "ota_gateway_requests_total": {"ok", "errors", "refused", "failed", "left"},
    }
    seen = []
    for _, query in queries():
        for name, matchers in SELECTOR.findall(query):
            for label, how, value in MATCHER.findall(matchers):
                if label == "outcome" and how == "=":
                    assert value in words[name]
                    seen.append(value)
    assert {"failed", "UNKNOWN", "VENDOR_REJECTED"} <= set(seen)


def test_every_alert_says_how_bad_it_is_and_what_to_do() -> None:
    rules = [rule for group in ALERTS["groups"] for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules) >= 8
    for rule in rules:
        assert rule["labels"]["severity"] in ("critical", "warning", "info")
        assert rule["annotations"].keys() == {"summary", "description"}
        for text in rule["annotations"].values():
            left = {one.strip() for group in GROUPED.findall(rule["expr"]) for one in group.split(",")}
            assert set(re.findall(r"\$labels\.(\w+)", text)) <= left | BY_PROMETHEUS


def test_the_operator_is_given_the_same_alerts() -> None:
    (rule,) = documents(DEPLOY / "monitoring/prometheusrule.yaml")
    assert rule["spec"] == ALERTS


def test_every_alert_is_in_the_documents() -> None:
    page = (REPOSITORY / "docs/deployment.md").read_text()
    rules = [rule["alert"] for group in ALERTS["groups"] for rule in group["rules"]]
    assert [name for name in rules if f"\n| `{name}` |" not in page] == []
