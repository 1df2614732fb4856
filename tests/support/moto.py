"""moto's server, a second and sloppier emulator of AWS: endless pages, HTML for errors, execution numbers all 123."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.child_server import child_server, free_port, installed_peer


@contextmanager
def serving_moto(folder: Path) -> Iterator[str]:
    """Its base URL, while it runs. What it writes stays in `folder`. Any keys are good."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with child_server(
        [installed_peer("moto", "moto_server"), "-H", "127.0.0.1", "-p", str(port)],
        asking=f"{url}/moto-api/",
        log=folder / "moto.log",
        folder=folder,
        environment={"PATH": os.environ["PATH"], "HOME": str(folder), "TMPDIR": str(folder)},
    ):
        yield url
