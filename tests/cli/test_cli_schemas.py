import json
import subprocess
from collections.abc import Callable
from pathlib import Path

from graphql import build_schema

from gateway.settings import Settings

Run = Callable[..., subprocess.CompletedProcess[str]]


def test_the_schema_is_printed_and_compared(run: Run, tmp_path: Path) -> None:
    printed = run("schema", "print")
    assert printed.returncode == 0
    assert build_schema(printed.stdout, assume_valid_sdl=True).get_type("OtaTask") is not None
    file = tmp_path / "schema.graphql"
    file.write_text(printed.stdout)
    assert run("schema", "check").returncode == 0
    file.write_text(printed.stdout.replace("type Query", "type Kwery"))
    differing = run("schema", "check")
    assert differing.returncode == 1
    assert any(line.startswith("-type Kwery") for line in differing.stdout.splitlines())
    assert any(line.startswith("+type Query") for line in differing.stdout.splitlines())
    assert "schema print" in differing.stderr


def test_a_missing_schema_file_says_how_to_write_it(run: Run) -> None:
    answer = run("schema", "check")
    assert (answer.returncode, "ota-gateway schema print > schema.graphql" in answer.stderr) == (1, True)


def test_the_json_schema_of_the_configuration_is_printed(run: Run) -> None:
    schema = json.loads(run("config", "schema").stdout)
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert set(Settings.model_fields) == schema["properties"].keys()
