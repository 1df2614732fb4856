"""The demo as `make run` starts it: a process of its own, with all vendors simulated, on a free loopback port."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.child_server import REPOSITORY, child_server, free_port


@contextmanager
def demo_process(folder: Path) -> Iterator[str]:
    """The address of its GraphQL while the block runs. Its log, demo.log, stays in `folder`."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with child_server(
        [sys.executable, "-m", "gateway", "demo", "--port", str(port)],
        asking=f"{url}/readyz",
        log=folder / "demo.log",
        folder=REPOSITORY,
        environment={"PATH": os.environ["PATH"], "HOME": str(folder)},
    ):
        yield f"{url}/graphql"
