"""A manifest of trusted documents is read and checked at the start, and what is wrong with it is named."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from gateway.app import build_app
from gateway.plans import documents_in
from gateway.settings import ConfigurationError, parse

_BACKEND = """
backends:
  - {name: factory, vendor: aws-iot, region: eu-central-1}
"""
_TYPED = "{ __typename }"
_NO_FIELD = "{ noSuchField }"


def _refusal(manifest: Path) -> str:
    settings = parse(f"limits: {{documents: {{mode: only, manifest: {json.dumps(str(manifest))}}}}}{_BACKEND}", {})
    with pytest.raises(ConfigurationError) as refused:
        build_app(settings)
    return str(refused.value)


def test_manifests_of_apollo_and_relay_and_folders_are_read(tmp_path: Path) -> None:
    apollo = tmp_path / "apollo.json"
    operations = [{"id": "a1", "name": "A", "type": "query", "body": _TYPED}]
    apollo.write_text(json.dumps({"format": "apollo-persisted-query-manifest", "version": 1, "operations": operations}))
    relay = tmp_path / "relay.json"
    relay.write_text(json.dumps({"r1": _TYPED}))
    (tmp_path / "one.graphql").write_text(_TYPED)
    (tmp_path / "notes.txt").write_text("no document")
    assert documents_in(apollo) == {"a1": _TYPED}
    assert documents_in(relay) == {"r1": _TYPED}
    assert set(documents_in(tmp_path)) == {"a1", "r1", sha256(_TYPED.encode()).hexdigest()}


def test_a_document_that_does_not_fit_the_schema_keeps_the_gateway_from_starting(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps({"good": _TYPED, "broken": _NO_FIELD}))
    told = _refusal(manifest)
    assert "limits.documents.manifest" in told
    assert "The document broken cannot be executed" in told


@pytest.mark.parametrize("content", ["", "[", "[]", "{}", '{"a": 1}', '{"format": "apollo-persisted-query-manifest"}'])
def test_what_is_no_manifest_is_said_to_be_none(tmp_path: Path, content: str) -> None:
    manifest = tmp_path / "manifest.json"
    manifest.write_text(content)
    assert "manifest.json" in _refusal(manifest)


def test_a_manifest_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert "absent.json cannot be read" in _refusal(tmp_path / "absent.json")


def test_only_trusted_documents_need_a_manifest() -> None:
    with pytest.raises(ConfigurationError, match="needs a manifest"):
        parse(f"limits: {{documents: {{mode: only}}}}{_BACKEND}", {})
