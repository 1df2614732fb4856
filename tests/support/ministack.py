"""ministack, an emulator of AWS written by others: IoT jobs with a state machine, and the devices' side of them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.child_server import child_server, free_port, installed_peer


@contextmanager
def serving_ministack(folder: Path) -> Iterator[str]:
    """Its base URL, while it runs. What it writes stays in `folder`. Any keys are good; times are whole seconds."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TMPDIR": str(folder),
        # Without it every interface is bound.
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
    }
    with child_server(
        [installed_peer("ministack", "ministack")],
        asking=f"{url}/_ministack/health",
        log=folder / "ministack.log",
        folder=folder,
        environment=environment,
    ):
        yield url
