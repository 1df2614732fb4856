"""The documents say what the code does: generated parts are current, codes and commands listed, links alive."""

import json
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from gateway import cli
from gateway.domain.answer_codes import IN_ANSWERS, OF_REQUESTS, AnswerCode
from gateway.domain.errors import ErrorCode
from gateway.settings import config_schema, parse
from gateway.vendorkit.discovery import installed_vendors

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
WORD = re.compile(r'"([A-Z]+(?:_[A-Z]+)+|INTERNAL|FORBIDDEN|UNAUTHENTICATED)"')


def _text(file: str) -> str:
    return (ROOT / file).read_text(encoding="utf-8")


def _page_id(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _keys(schema: dict[str, Any], definitions: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """Every dotted key that a JSON Schema allows."""
    for name, inner in schema.get("properties", {}).items():
        yield f"{prefix}{name}"
        for branch in (inner, *inner.get("anyOf", ())):
            if "$ref" in branch:
                yield from _keys(definitions[branch["$ref"].rpartition("/")[2]], definitions, f"{prefix}{name}.")


def test_the_generated_parts_are_what_the_code_says() -> None:
    result = subprocess.run(
        [sys.executable, "docs/generated.py", "stale"],
        cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, f"stale, run `make schema`: {result.stderr}"


@pytest.mark.parametrize("slug", sorted(installed_vendors()))
def test_every_setting_of_a_vendor_is_documented(slug: str) -> None:
    definitions = config_schema()["$defs"]
    page = _text("docs/configuration.md")
    keys = list(_keys(definitions[slug], definitions))
    assert {"name", "timeout", "read_only", "endpoint"} <= set(keys)
    assert [key for key in keys if f"| `{key}` |" not in page] == []


def test_every_section_of_the_configuration_is_documented() -> None:
    page = _text("docs/configuration.md")
    sections = config_schema()["properties"]
    assert len(sections) >= 5
    assert [name for name in sections if f"### `{name}`" not in page] == []


def test_every_setting_says_what_it_means() -> None:
    rows = [line for line in _text("docs/configuration.md").splitlines() if line.startswith("| `")]
    assert len(rows) > 10 * len(installed_vendors())
    assert [row for row in rows if re.search(r"\|\s*\|$", row)] == []


def test_the_example_configuration_is_accepted() -> None:
    example = re.search(r"```yaml\n(.*?)```", _text("docs/configuration.md"), re.DOTALL)
    assert example is not None
    names = re.findall(r"\$\{env\.(\w+)\}", example[1])
    document = yaml.safe_load(example[1])
    # A vendor that was taken out may stay in the example; each that is installed has to be there.
    document["backends"] = [one for one in document["backends"] if one["vendor"] in installed_vendors()]
    settings = parse(yaml.safe_dump(document), env=dict.fromkeys(names, "a-value-long-enough"))
    assert {backend.vendor for backend in settings.backends} == set(installed_vendors())


@pytest.mark.parametrize("code", list(ErrorCode))
def test_every_error_code_is_documented(code: ErrorCode) -> None:
    assert f"\n| `{code}` |" in _text("docs/errors.md").partition("## Codes of top-level errors")[0]


def test_every_code_of_an_answer_is_documented_and_written_in_one_place() -> None:
    assert set(AnswerCode) == {*IN_ANSWERS, *OF_REQUESTS}
    page = _text("docs/errors.md").partition("## Codes of top-level errors")[2]
    assert [code for code in AnswerCode if f"\n| `{code}` |" not in page] == []
    files = [*(ROOT / "gateway/web").rglob("*.py"), *(ROOT / "gateway/plans").glob("*.py")]
    assert len(files) > 40
    spelled = {
        (file.name, word) for file in files for word in WORD.findall(file.read_text()) if word in set(AnswerCode)
    }
    assert spelled == set()


def test_every_command_is_in_the_readme() -> None:
    readme = _text("README.md")
    commands = typer.main.get_group(cli.app).commands
    assert len(commands) >= 7
    assert [name for name in commands if f"`{name} " not in readme] == []


def test_every_make_target_explains_itself_and_is_in_a_document() -> None:
    targets = set(re.findall(r"^\.PHONY: (.*)$", _text("Makefile"), re.MULTILINE)[0].split()) - {"help", "clean"}
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert [target for target in targets if f"make {target} " not in shown] == []
    assert [target for target in targets if f"| `make {target}` |" not in _text("CONTRIBUTING.md")] == []


@pytest.mark.parametrize("page", PAGES, ids=_page_id)
def test_links_and_named_files_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if not link.startswith("http")]
    assert [link for link in links if not (page.parent / link).exists()] == []
    named = re.findall(r"`((?:tests|gateway|docs|deploy)/[\w*./-]+)`", text)
    # The vendor of the recipe is invented.
    assert [one for one in named if "acme" not in one and not list(ROOT.glob(one.rstrip("/")))] == []


def test_the_answer_in_the_readme_is_json() -> None:
    blocks = re.findall(r"```json\n(.*?)```", _text("README.md"), re.DOTALL)
    assert blocks
    assert json.loads(blocks[0])["data"]["tasks"]["nodes"]


def test_the_manifest_of_the_recipe_is_a_manifest(tmp_path: Path) -> None:
    code = re.search(r"```python\n(.*?)```", _text("CONTRIBUTING.md"), re.DOTALL)
    assert code is not None
    recipe = tmp_path / "acme_cloud.py"
    recipe.write_text(code[1])
    manifest = runpy.run_path(str(recipe))["MANIFEST"]
    assert (manifest.slug, manifest.vendor) == ("acme-cloud", "ACME_CLOUD")


def test_each_decision_states_itself_in_its_title() -> None:
    decisions = sorted((ROOT / "docs/adr").glob("*.md"))
    assert [int(one.name[:4]) for one in decisions] == list(range(1, len(decisions) + 1))
    for one in decisions:
        text = one.read_text(encoding="utf-8")
        assert all(f"**{part}.**" in text for part in ("Context", "Decision", "Consequences")), one.name
