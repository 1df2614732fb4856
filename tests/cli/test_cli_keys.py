import json
import subprocess
from collections.abc import Callable

from gateway.auth.api_keys import digest_of, looks_like_a_key
from gateway.auth.settings import ApiKeySettings

Run = Callable[..., subprocess.CompletedProcess[str]]


def test_a_new_key_is_shown_once_beside_the_line_that_the_configuration_needs(run: Run) -> None:
    answer = run("keys", "new", "ci", "--role", "viewer", "--role", "operator", "--expires", "2099-12-31T00:00:00Z")
    key = answer.stdout.strip()
    entry = json.loads(answer.stderr.partition("\n\n  - ")[2])
    assert answer.returncode == 0
    assert looks_like_a_key(key)
    assert key not in answer.stderr
    assert ApiKeySettings.model_validate(entry).sha256 == digest_of(key)
    assert entry["roles"] == ["viewer", "operator"]


def test_what_the_configuration_would_refuse_is_refused_before_a_key_is_drawn(run: Run) -> None:
    for arguments in (["ci"], ["c i", "--role", "viewer"], ["ci", "--role", "viewer", "--expires", "soon"]):
        answer = run("keys", "new", *arguments)
        assert (answer.returncode, answer.stdout) == (2, ""), arguments
        assert "Traceback" not in answer.stderr
