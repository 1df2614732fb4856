"""The demo, as it is started from a command line."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+(?=/graphql)")


@contextmanager
def running_demo(
    folder: Path,
    program: Sequence[str | Path] = (sys.executable, "-m", "gateway"),
    environment: Mapping[str, str] = os.environ,
) -> Iterator[str]:
    """`ota-gateway demo`, working in `folder`, on a free port, while the block runs; gives its origin."""
    with (folder / "demo.log").open("wb") as log:
        demo = subprocess.Popen(
            [*program, "demo", "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            cwd=folder,
            env=environment,
        )
    try:
        assert demo.stdout is not None
        found = next((found[0] for line in demo.stdout if (found := _ADDRESS.search(line))), None)
        assert found is not None, (folder / "demo.log").read_text()
        yield found
    finally:
        demo.terminate()
        demo.communicate(timeout=30)
