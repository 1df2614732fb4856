"""What a gateway tells of itself: its log as entries, its metrics by name and labels, its spans."""

import io
import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import structlog
from prometheus_client import parser

from gateway.auth.api_keys import digest_of, new_key
from gateway.observability.logging import configure_logging

KEY = new_key()
VIEWER = new_key()
AUTH = {
    "mode": "api_keys",
    "api_keys": [
        {"name": "operator", "sha256": digest_of(KEY), "roles": ["operator"]},
        {"name": "viewer", "sha256": digest_of(VIEWER), "roles": ["viewer"]},
    ],
    "policies": {
        "operator": {"operations": "*", "backends": "*", "metrics": True},
        "viewer": {"operations": "READ", "backends": "*"},
    },
}
AS_OPERATOR = {"authorization": f"Bearer {KEY}"}
AS_VIEWER = {"authorization": f"Bearer {VIEWER}"}


@dataclass
class Log:
    """What was written."""

    stream: io.StringIO

    def entries(self, event: str) -> list[dict[str, Any]]:
        """The entries of one event, in their order."""
        lines = [json.loads(line) for line in self.stream.getvalue().splitlines()]
        return [line for line in lines if line["event"] == event]


@pytest.fixture
def log() -> Iterator[Log]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    stream = io.StringIO()
    configure_logging("INFO", stream)
    yield Log(stream)
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


async def samples(http: httpx.AsyncClient, url: str, headers: Mapping[str, str] | None = None) -> dict[Any, float]:
    """All samples of /metrics: their values by name and labels."""
    answer = await http.get(f"{url}/metrics", headers=headers)
    assert answer.status_code == 200, answer.text
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in parser.text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def more(before: Mapping[Any, float], after: Mapping[Any, float], name: str, **labels: str) -> float:
    """By how much the samples of a name, with these labels, have grown together."""

    def total(of: Mapping[Any, float]) -> float:
        return sum(
            value for (one, *found), value in of.items() if one == name and labels.items() <= dict(found).items()
        )

    return total(after) - total(before)
