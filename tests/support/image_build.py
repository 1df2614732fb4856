"""A Dockerfile's stages carried out as a script: each in a folder that stands for its root, without an engine.

RUN, COPY, WORKDIR, ENV and ARG do what they do in a build. The base image is this machine: its programs, and a Python
that others than root may run. Paths below /build, /opt and /var lead into the stage's folder.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.child_server import REPOSITORY
from tests.support.dockerfile import Instruction, stages

_PATH = re.compile(r"(?<![\w.:}/-])/(?=(?:build|opt|var)\b)")


@dataclass(slots=True)
class Image:
    """What the last stage comes to. Paths in `environment` and `entrypoint` lead into `root`."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    home: Path = Path()
    user: tuple[int, int] = (0, 0)
    entrypoint: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)
    steps: int = 0


def built(dockerfile: Path, folder: Path, path: str) -> Image:
    """Carry out all stages below `folder`, with the programs of `path`."""
    base = _base_programs(folder / "base")
    roots: dict[str, Path] = {}
    image = Image(folder)
    for number, stage in enumerate(stages(dockerfile)):
        words = stage[0].rest.split()
        image = Image(folder / f"stage-{number}", {"PATH": f"{base}:{path}"}, steps=image.steps)
        image.root.mkdir()
        for instruction in stage[1:]:
            _carry_out(instruction, image, roots)
        if len(words) == 3:
            roots[words[2]] = image.root
    # In an image both roots are `/`; here scripts begin with the folder of the stage that installed them.
    for script in image.root.glob("opt/*/bin/*"):
        if script.is_file() and not script.is_symlink():
            text = script.read_bytes()
            for root in roots.values():
                text = text.replace(os.fsencode(root), os.fsencode(image.root))
            script.write_bytes(text)
    for root in roots.values():
        shutil.rmtree(root)
    return image


def _carry_out(instruction: Instruction, image: Image, roots: dict[str, Path]) -> None:
    rest = _PATH.sub(f"{image.root}/", instruction.rest)
    match instruction.word:
        case "RUN":
            _run(rest, image)
        case "COPY":
            _copy(rest, image, roots)
        case "WORKDIR":
            image.home = Path(rest)
            image.home.mkdir(parents=True, exist_ok=True)
        case "ENV":
            for pair in shlex.split(rest):
                name, _, value = pair.partition("=")
                image.environment[name] = value.replace("$PATH", image.environment["PATH"])
        case "USER":
            user, _, group = rest.partition(":")
            image.user = int(user), int(group)
        case "ENTRYPOINT":
            image.entrypoint = json.loads(rest)
        case "HEALTHCHECK":
            image.health = json.loads(rest[rest.index("[") :])
        case "ARG" | "LABEL" | "VOLUME" | "EXPOSE" | "STOPSIGNAL" | "CMD":
            pass
        case other:
            raise AssertionError(f"{other} is not known here")


def _run(line: str, image: Image) -> None:
    if os.geteuid() != 0:
        # Only root gives files away.
        line = re.sub(r" -[og] \d+", "", line)
    cache = image.root.parent / "home"
    cache.mkdir(exist_ok=True)
    environment = {**image.environment, "HOME": str(cache), "LANG": "C.UTF-8"}
    passed = {
        name: value
        for name, value in os.environ.items()
        if re.match(r"(?i)(pip|npm_config|https?_proxy|no_proxy|ssl)", name)
    }
    done = subprocess.run(
        ["sh", "-c", line], cwd=image.home if image.home != Path() else image.root, env={**passed, **environment},
        capture_output=True, text=True, check=False, timeout=300, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, f"RUN {line}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    image.steps += 1


def _copy(line: str, image: Image, roots: dict[str, Path]) -> None:
    words = line.split()
    source_root = REPOSITORY
    if words[0].startswith("--from="):
        stage = words.pop(0).removeprefix("--from=")
        source_root = roots[stage]
        words[:-1] = [os.path.relpath(word, image.root) if word.startswith("/") else word for word in words[:-1]]
    *sources, target = words
    place = image.home / target
    for source in sources:
        found = source_root / source
        if found.is_dir():
            # As the builder does: the content of a folder, but for what .dockerignore keeps out.
            ignored = shutil.ignore_patterns("node_modules", "bundle", "__pycache__")
            shutil.copytree(
                found, place, symlinks=True, dirs_exist_ok=True, ignore=ignored if source_root == REPOSITORY else None
            )
        else:
            into = place / found.name if target.endswith("/") or len(sources) > 1 else place
            into.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(found, into)
    image.steps += 1


def _base_programs(folder: Path) -> Path:
    """`python` and `pip` as a base image has them."""
    folder.mkdir(parents=True)
    (folder / "python").symlink_to(_python_for_everybody())
    pip = folder / "pip"
    pip.write_text(f'#!/bin/sh\nexec {sys.executable} -m pip --disable-pip-version-check "$@"\n')
    pip.chmod(0o755)
    return folder


def _python_for_everybody() -> str:
    """A Python that an account without rights may run; one below /root is none."""
    for one in (sys.executable, "/usr/bin/python3"):
        real = Path(one).resolve()
        others = all(parent.stat().st_mode & 0o001 for parent in [real, *real.parents])
        version = subprocess.run(
            [one, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"], check=False
        ).returncode
        if others and version == 0:
            return str(real)
    return str(Path(sys.executable).resolve())
