"""The files in which workers count, so that whichever of them is asked for its metrics can tell those of all.

prometheus_client decides when it is imported whether it counts in files. So the folder is made before, by the process
that workers are forked from, and nothing of it is imported here.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Final

FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"


@contextmanager
def counting_in_files() -> Iterator[None]:
    """While the block runs, what is counted in this process and those forked from it can be read by each of them."""
    with TemporaryDirectory(prefix="ota-gateway-metrics-") as folder:
        before = os.environ.get(FOLDER)
        os.environ[FOLDER] = folder
        try:
            yield
        finally:
            if before is None:
                del os.environ[FOLDER]
            else:
                os.environ[FOLDER] = before


def forget(pid: int) -> None:
    """A worker is no more: what it counted stays counted, what stood at some level stands no more."""
    from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415

    mark_process_dead(pid)  # type: ignore[no-untyped-call]
