"""Programs of an npm package that stands in this repository, run in a folder that a test throws away."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# What stands in this machine's way to itself is left out: HTTP clients are to take no proxy.
PATH_AND_NO_PROXY = {"PATH": os.environ["PATH"], "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


@dataclass(frozen=True, slots=True)
class NpmPackage:
    """What `npm ci` has installed in `home`, and the folder in which its programs run."""

    home: Path
    folder: Path

    def __post_init__(self) -> None:
        assert (self.home / "node_modules").exists(), f"{self.home} is not installed: `make prove` does it."
        self.folder.mkdir(exist_ok=True)
        modules = self.folder / "node_modules"
        if not modules.exists():
            modules.symlink_to(self.home / "node_modules")

    def run(
        self, program: str, *arguments: object, fails: bool = False, seconds: float = 60, **environment: str
    ) -> "subprocess.CompletedProcess[str]":
        """Run an installed program, or `node`, to its end. Fails the test unless it exits with 0 or, for `fails`,
        with something else.
        """
        command = ["node"] if program == "node" else [str(self.home / "node_modules/.bin" / program)]
        done = finished([*command, *map(str, arguments)], self.folder, seconds, environment)
        assert (done.returncode != 0) is fails, f"{program} exits {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done


def finished(
    command: Sequence[str], folder: Path, seconds: float, environment: Mapping[str, str]
) -> "subprocess.CompletedProcess[str]":
    """A command that was run to its end in a folder, past any proxy."""
    return subprocess.run(
        command, cwd=folder, env={**PATH_AND_NO_PROXY, "HOME": str(folder), **environment}, timeout=seconds,
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
