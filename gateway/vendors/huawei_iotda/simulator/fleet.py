"""The fleet a simulator starts with.

The same seed makes the same fleet, relative to the start. Tasks 0 to 2, counted from the newest, stand still whatever
the speed: one is processing with a device that waits (when it has two), one waits for a confirmation, one has ended. So
something is always cancellable, running, finished and deletable. The last package of each type is used by no task. From
`GROUP_FROM` devices on, tasks name a group instead of their devices, as answers would be huge otherwise.
"""

import random
import uuid
from datetime import UTC, datetime
from math import inf

from gateway.vendorkit.simulation.device_names import DeviceRun
from gateway.vendorkit.simulation.options import SimulatorOptions
from gateway.vendors.huawei_iotda.simulator.instance import Instance
from gateway.vendors.huawei_iotda.simulator.packages import PACKAGE_TYPES, OtaPackage
from gateway.vendors.huawei_iotda.simulator.paging import hexadecimal
from gateway.vendors.huawei_iotda.simulator.progress import (
    FAIL,
    LEAD,
    LONGEST_WAVE,
    SUCCESS,
    WAITING,
    WORK,
    Wave,
)
from gateway.vendors.huawei_iotda.simulator.tasks import BatchTask, Own

GROUP_FROM = 101
_PRODUCTS = ("press", "robot", "oven")
_VERSIONS = ("V1.0.0", "V1.1.0", "V2.0.0")
_SCHEDULE_AHEAD = 6 * 86400.0
_STANDING = 3
_NEVER_USED = "V9.0.0"


def seed_fleet(options: SimulatorOptions) -> Instance:
    """Build the instance."""
    return _Seeding(options).instance


class _Seeding:
    def __init__(self, options: SimulatorOptions) -> None:
        self.options = options
        self.random = random.Random(options.seed)
        self.start = options.now().timestamp()
        self.newest = self.start - options.creation_offset
        self.oldest = self.newest - max(options.tasks - 1, 0) * options.task_spacing
        self.instance = Instance(default_app=self._hex(24))
        self.products = {name: self._hex(24) for name in _PRODUCTS}
        self.instance.products = {number: name.capitalize() for name, number in self.products.items()}
        for name in _PRODUCTS:
            self.instance.groups[self._uuid()] = DeviceRun(name, 1, max(options.devices_per_task, 1))
        self.instance.groups[self._uuid()] = DeviceRun("nobody", 1, 0)
        self.usable: dict[tuple[str, str], list[str]] = {}
        self._seed_packages()
        for age in range(options.tasks - 1, -1, -1):
            self._seed_task(age)

    def _seed_packages(self) -> None:
        plan = [
            (package_type, name, version)
            for package_type in PACKAGE_TYPES.values()
            for name in (_PRODUCTS if package_type != "modulePackage" else _PRODUCTS[:1])
            for version in _VERSIONS
        ] + [(package_type, _PRODUCTS[0], _NEVER_USED) for package_type in PACKAGE_TYPES.values()]
        for age, (package_type, name, version) in zip(range(len(plan), 0, -1), plan, strict=True):
            created = self.oldest - age * self.options.task_spacing
            package = OtaPackage(
                record=self.instance.records.next(created),
                package_id=self._hex(32),
                app_id=self.instance.default_app,
                package_type=package_type,
                product_id=self.products[name],
                product_name=name.capitalize(),
                module_name="gripper" if package_type == "modulePackage" else None,
                version=version,
                support_source_versions=[] if version == "V1.0.0" else ["V1.0.0"],
                description=f"{version} for {name}",
                created=created,
                obs_location={
                    "region_name": "cn-north-4",
                    "bucket_name": "firmware-store",
                    "object_key": f"{name}/{package_type}-{version}.bin",
                    "sign_method": "SHA256",
                    "sign": self._hex(64),
                },
            )
            self.instance.add_package(package)
            if version != _NEVER_USED:
                self.usable.setdefault((package_type, name), []).append(package.package_id)

    def _seed_task(self, age: int) -> None:
        options = self.options
        created = self.newest - age * options.task_spacing
        count = options.devices_per_task
        task_type = "moduleUpgrade" if age == 5 else ("softwareUpgrade", "firmwareUpgrade")[age % 2]
        name = _PRODUCTS[0] if task_type == "moduleUpgrade" else _PRODUCTS[age % len(_PRODUCTS)]
        listed = count < GROUP_FROM
        groups = dict(zip(_PRODUCTS, self.instance.groups, strict=False))
        record = self.instance.records.next(created)
        package_id = self.random.choice(self.usable[PACKAGE_TYPES[task_type], name])
        task = BatchTask(
            record=record,
            task_id=hexadecimal(record),
            name=f"{name}_wave_{options.tasks - age}",
            task_type=task_type,
            app_id=self.instance.default_app,
            package_ids=[package_id],
            # Devices recur eight tasks later, so that a device has a history.
            devices=DeviceRun(name, 1 + (age % 8) * count if listed else 1, count),
            wave=Wave(count=count, fail_every=9, fail_phase=self.random.randrange(9)),
            created=created,
            speed=options.speed,
            targets_listed=listed,
            group_ids=None if listed else [groups[name]],
            halt_seconds=options.deletion_seconds,
        )
        if age < _STANDING:
            self._stand(task, age)
        else:
            self._move(task, age)
        self.instance.add_task(task)

    def _stand(self, task: BatchTask, age: int) -> None:
        count = len(task.devices)
        if age == 1:
            task.need_confirm = True
        elif age == 0:
            spread = min(2.0 * count, LONGEST_WAVE)
            task.head = LEAD + (spread if spread < WORK else WORK + spread / 2)
            held = {count - 1: WAITING, 0: SUCCESS, 1: FAIL} if count > 3 else {1: WAITING} if count > 1 else {}
            task.own = {place: Own(status, self.start) for place, status in held.items()}
        else:
            task.head = inf

    def _move(self, task: BatchTask, age: int) -> None:
        kind = age % 8
        if kind in {3, 5} and age < 32:
            task.begun, task.head = self.start, self.random.uniform(0.0, WORK)
            retries = {"retry_count": 2, "retry_interval": 1}
            task.policy = {"schedule_time": None, **retries} if kind == 5 else None
            task.wave = Wave(count=task.wave.count, fail_every=9, fail_phase=task.wave.fail_phase,
                             retry_seconds=120.0 if kind == 5 else 0.0)  # fmt: skip
        elif age == 6:
            task.begun = self.start + _SCHEDULE_AHEAD
            moment = datetime.fromtimestamp(task.begun, UTC).strftime("%Y%m%dT%H%M%SZ")
            task.policy = {"schedule_time": moment, "retry_count": None, "retry_interval": None}
        elif kind == 4:
            task.head = LEAD + WORK if len(task.devices) > 1 else 0.0
            task.halted = self.start - task.halt_seconds
        else:
            task.head = inf
            every = 1 if kind == 7 else 9 if kind in {2, 6} else 0
            task.wave = Wave(
                count=task.wave.count, fail_every=every, fail_phase=task.wave.fail_phase if every > 1 else 0
            )

    def _hex(self, digits: int) -> str:
        return f"{self.random.getrandbits(4 * digits):0{digits}x}"

    def _uuid(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))
