"""Instance: everything that one simulated IoTDA instance holds, newest last, and the look-ups the lists need."""

from bisect import bisect_left
from collections.abc import Iterator
from operator import attrgetter

from gateway.vendorkit.simulation.device_names import DeviceRun
from gateway.vendors.huawei_iotda.simulator.packages import OtaPackage
from gateway.vendors.huawei_iotda.simulator.paging import RecordIds
from gateway.vendors.huawei_iotda.simulator.tasks import DELETABLE, BatchTask

_RECORD = attrgetter("record")


class Instance:
    """Lists per type are kept in order of record id, so a page is found without a walk."""

    def __init__(self, default_app: str) -> None:
        self.default_app = default_app
        self.records = RecordIds()
        self.tasks: dict[str, BatchTask] = {}
        self.packages: dict[str, OtaPackage] = {}
        self.groups: dict[str, DeviceRun] = {}
        self.products: dict[str, str] = {}
        self._tasks_by_type: dict[str, list[BatchTask]] = {}
        self._packages_by_type: dict[str, list[OtaPackage]] = {}

    def add_task(self, task: BatchTask) -> None:
        """Take a task in; its record id is the highest so far."""
        self.tasks[task.task_id] = task
        self._tasks_by_type.setdefault(task.task_type, []).append(task)

    def drop_task(self, task: BatchTask) -> None:
        """Forget a task."""
        del self.tasks[task.task_id]
        siblings = self._tasks_by_type[task.task_type]
        del siblings[bisect_left(siblings, task.record, key=_RECORD)]

    def add_package(self, package: OtaPackage) -> None:
        """Take a package in; its record id is the highest so far."""
        self.packages[package.package_id] = package
        self._packages_by_type.setdefault(package.package_type, []).append(package)

    def drop_package(self, package: OtaPackage) -> None:
        """Forget a package."""
        del self.packages[package.package_id]
        siblings = self._packages_by_type[package.package_type]
        del siblings[bisect_left(siblings, package.record, key=_RECORD)]

    def tasks_below(self, task_type: str, marker: int) -> Iterator[BatchTask]:
        """Tasks of a type with record ids below the marker, newest first."""
        found = self._tasks_by_type.get(task_type, [])
        return (found[at] for at in range(bisect_left(found, marker, key=_RECORD) - 1, -1, -1))

    def packages_below(self, package_type: str, marker: int) -> Iterator[OtaPackage]:
        """Packages of a type with record ids below the marker, newest first."""
        found = self._packages_by_type.get(package_type, [])
        return (found[at] for at in range(bisect_left(found, marker, key=_RECORD) - 1, -1, -1))

    def task_count(self, task_type: str) -> int:
        """How many tasks of a type there are."""
        return len(self._tasks_by_type.get(task_type, []))

    def has_live_task(self, package_id: str, now: float) -> bool:
        """Whether a task that has not ended names this package."""
        users = (task for task in self.tasks.values() if package_id in task.package_ids)
        return any(task.status(now) not in DELETABLE for task in users)
