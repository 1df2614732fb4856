"""How paths and queries are written, and which names never stand in a path."""

import json

import pytest

from gateway.domain.errors import InvalidInput
from gateway.vendorkit.aws.rest_json import path, target


def test_labels_keep_only_unreserved_characters() -> None:
    assert path("things", "dev:01/a b~", "jobs", "j") == "/things/dev%3A01%2Fa%20b~/jobs/j"


def test_query_values_are_escaped_and_unset_ones_left_out() -> None:
    query = {"force": True, "nextToken": "AAF+x/9k3Q==", "status": None, "maxResults": 2, "text": "a b"}

    assert target("/jobs", query) == "/jobs?force=true&nextToken=AAF%2Bx%2F9k3Q%3D%3D&maxResults=2&text=a%20b"
    assert target("/jobs", {"status": None}) == "/jobs"


@pytest.mark.parametrize("label", ["", ".", ".."])
def test_a_label_that_would_be_folded_away_is_refused(label: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        path("packages", "fw-main", "versions", label)

    assert json.dumps(refused.value.path) == '["id"]'
