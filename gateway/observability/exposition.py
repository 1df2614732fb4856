"""What /metrics answers: every metric of this process, or of all workers where there are several."""

import os
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from prometheus_client import REGISTRY, CollectorRegistry, Metric, ProcessCollector, disable_created_metrics
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from gateway.observability.worker_files import FOLDER

# A second series for every counter, which nobody asks for.
disable_created_metrics()  # type: ignore[no-untyped-call]


def exposed(accept: str) -> tuple[bytes, str]:
    """All metrics and their content type: OpenMetrics or Prometheus' text, as `accept` prefers.

    They are as of the last `read_off`. Slow: some milliseconds, more with many series or workers; any thread may do it.
    """
    encode, content_type = choose_encoder(accept)
    folder = os.environ.get(FOLDER)
    return encode(REGISTRY if folder is None else _of_workers(folder)), content_type


def _of_workers(folder: str) -> CollectorRegistry:
    registry = CollectorRegistry()
    MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]
    registry.register(_Processes(Path(folder)))
    return registry


class _Processes(Collector):
    """Memory, processor time and files of each worker that lives, told apart by `pid`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        together: dict[str, Metric] = {}
        for pid in sorted({file.stem.rpartition("_")[2] for file in self._folder.glob("counter_*.db")}):
            for metric in ProcessCollector(pid=partial(str, pid), registry=None).collect():
                whole = together.setdefault(metric.name, Metric(metric.name, metric.documentation, metric.type))
                for sample in metric.samples:
                    whole.add_sample(sample.name, {**sample.labels, "pid": pid}, sample.value)
        yield from together.values()
