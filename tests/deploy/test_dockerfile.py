"""The Dockerfile: stages that take only what is there, and an image that has nothing to write and nobody to be."""

import re
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.support.child_server import REPOSITORY
from tests.support.deployed import DEPLOY
from tests.support.dockerfile import Instruction, stages

STAGES = stages(DEPLOY / "Dockerfile")
FINAL = STAGES[-1]


def _ignored(path: str) -> bool:
    """Whether .dockerignore keeps a path from the build; the last line that fits it wins."""
    ignored = False
    for line in (REPOSITORY / ".dockerignore").read_text().splitlines():
        pattern = line.removeprefix("!")
        if not line or line.startswith("#"):
            continue
        parts = Path(path).parts
        heads = ["/".join(parts[: length + 1]) for length in range(len(parts))]
        if any(fnmatch(head, pattern) for head in heads):
            ignored = not line.startswith("!")
    return ignored


def of(stage: list[Instruction], word: str) -> list[str]:
    return [one.rest for one in stage if one.word == word]


def test_what_is_copied_from_the_repository_is_there_and_not_ignored() -> None:
    sources = [
        source
        for stage in STAGES
        for line in of(stage, "COPY")
        if "--from=" not in line
        for source in line.split()[:-1]
    ]
    assert len(sources) >= 7
    assert [one for one in sources if not (REPOSITORY / one).exists()] == []
    assert [one for one in sources if _ignored(one)] == []
    kept_out = ("explorer/node_modules/vite", ".git/HEAD", ".venv/bin/python", "tests/conftest.py", "deploy/.env")
    assert [one for one in kept_out if not _ignored(one)] == []


def test_stages_are_taken_from_stages_that_come_before() -> None:
    names: list[str] = []
    for stage in STAGES:
        for line in of(stage, "COPY"):
            found = re.search(r"--from=(\S+)", line)
            assert found is None or found[1] in names
        first = stage[0].rest.split()
        names += first[2:] if len(first) == 3 else []
    assert len(STAGES) == 3


def test_base_images_have_versions_and_no_registry() -> None:
    arguments = dict(re.findall(r"^ARG (\w+)=(\S+)$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE))
    used = {stage[0].rest.split()[0] for stage in STAGES}
    assert used == {"${NODE}", "${PYTHON}"}
    assert all(re.fullmatch(r"[a-z]+:\d+(\.\d+)?-slim", arguments[one.strip("${}")]) for one in used)


def test_the_image_runs_as_nobody_and_can_be_ended_and_asked() -> None:
    (user,) = of(FINAL, "USER")
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", user)
    assert of(FINAL, "STOPSIGNAL") == ["SIGTERM"]
    assert of(FINAL, "ENTRYPOINT") == ['["ota-gateway"]']
    assert "HEALTH_URL" in of(FINAL, "HEALTHCHECK")[0]
    assert any("PYTHONUNBUFFERED=1" in line for line in of(FINAL, "ENV"))
    assert sum(line.count("org.opencontainers.image.") for line in of(FINAL, "LABEL")) >= 4


@pytest.mark.parametrize("word", ["ADD", "SHELL", "ONBUILD"])
def test_nothing_comes_by_ways_that_are_not_looked_at(word: str) -> None:
    assert [line for stage in STAGES for line in of(stage, word)] == []
    assert not re.search(r"https?://(?!127\.0\.0\.1)", (DEPLOY / "Dockerfile").read_text())
