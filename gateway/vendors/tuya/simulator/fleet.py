"""The fleet a simulator starts with.

The same seed makes the same fleet, relative to the start. Jobs 0 to 3, counted from the newest, stand still whatever
the speed: one is in progress with (given enough devices) queued and notified ones, one waits for confirmations, one is
queued, one is complete. The last package has no job. So something is always cancellable, running, finished and
deletable.
"""

import random
from math import inf

from gateway.vendorkit.simulation.device_names import DeviceRun
from gateway.vendorkit.simulation.options import SimulatorOptions
from gateway.vendors.tuya.simulator.firmware import VERIFIED, Firmware
from gateway.vendors.tuya.simulator.jobs import Job, Own
from gateway.vendors.tuya.simulator.platform import Platform
from gateway.vendors.tuya.simulator.progress import (
    FAILED,
    LEAD,
    LONGEST_WAVE,
    NOTICE,
    NOTIFIED,
    QUEUED,
    SUCCEEDED,
    WORK,
    Wave,
)

_PRODUCTS = ("till", "scale", "scanner")
_ALL_FROM = 201
_PLANNED_AHEAD = 6 * 86400.0
_MOST_FIRMWARE = 50


def seed_fleet(options: SimulatorOptions) -> Platform:
    """Build the platform."""
    return _Seeding(options).platform


class _Seeding:
    def __init__(self, options: SimulatorOptions) -> None:
        self.options = options
        self.random = random.Random(options.seed)
        self.platform = Platform()
        self.start = options.now().timestamp()
        self.newest = self.start - options.creation_offset
        self.oldest = self.newest - max(options.tasks - 1, 0) * options.task_spacing
        self.keys = {name: f"k1{self._hex(6)}{at:04d}" for at, name in enumerate(_PRODUCTS, 1)}
        for name, key in self.keys.items():
            self.platform.products[key] = name.capitalize()
            self.platform.fleets[key] = DeviceRun(
                name, 1, max(8 * min(options.devices_per_task, 25), options.devices_per_task)
            )
        self.used = max(1, min(options.tasks // 3, _MOST_FIRMWARE))
        self.firmware = [self._seed_firmware(at) for at in range(self.used + 1)]
        for age in range(options.tasks - 1, -1, -1):
            self._seed_job(age)

    def _seed_firmware(self, at: int) -> Firmware:
        name = _PRODUCTS[at % len(_PRODUCTS)]
        generation = at // len(_PRODUCTS)
        firmware = Firmware(
            firmware_id=self.platform.next_firmware_id(),
            name=f"{name}-{generation + 1}",
            product_key=self.keys[name],
            product_name=name.capitalize(),
            module_name="default",
            src_version=f"1.{generation}.0",
            dest_version=f"1.{generation + 1}.0",
            size=1000 * self.random.randrange(100, 9000),
            sign=self._hex(32),
            status=VERIFIED,
            created=self.oldest - (self.used + 1 - at) * self.options.task_spacing,
            description=f"Firmware for {name}",
        )
        self.platform.add_firmware(firmware)
        return firmware

    def _seed_job(self, age: int) -> None:
        options = self.options
        firmware = self.firmware[age % self.used]
        created = self.newest - age * options.task_spacing
        count = options.devices_per_task
        everything = count >= _ALL_FROM
        job = Job(
            number=self.platform.next_job_number(),
            firmware_id=firmware.firmware_id,
            product_key=firmware.product_key,
            # Devices recur eight jobs later, so that a device has a history.
            devices=DeviceRun(firmware.product_name.lower(), 1 if everything else 1 + (age % 8) * count, count),
            wave=Wave(count=count, fail_every=9, fail_phase=self.random.randrange(9)),
            created=created,
            modified=created,
            speed=options.speed,
            target_selection="ALL" if everything else "SPECIFIC",
            src_versions=[firmware.src_version],
            timeout=1440 if age % 2 else None,
        )
        if age < 4:
            self._stand(job, age)
        else:
            self._move(job, age)
        self.platform.add_job(job)

    def _stand(self, job: Job, age: int) -> None:
        count = len(job.devices)
        if age == 0:
            spread = min(2.0 * count, LONGEST_WAVE)
            job.head = LEAD + NOTICE + (spread if spread < WORK else WORK + spread / 2)
            held = {count - 1: QUEUED, count - 2: NOTIFIED, 0: SUCCEEDED, 1: FAILED} if count > 4 else {}
            if 1 < count <= 4:
                held = {1: QUEUED}
            job.own = {place: Own(status, self.start) for place, status in held.items()}
        elif age == 1:
            job.need_confirm = True
        elif age == 3:
            job.head = inf

    def _move(self, job: Job, age: int) -> None:
        kind = age % 8
        if kind in {4, 5} and age < 32:
            job.begun, job.head = self.start, self.random.uniform(0.0, WORK)
        elif age == 6:
            job.begun = self.start + _PLANNED_AHEAD
        elif kind == 7:
            job.canceled = [(range(len(job.devices)), job.created)]
        elif kind == 2:
            job.head = inf
            job.wave = Wave(count=job.wave.count, fail_every=1)
        else:
            job.head = inf

    def _hex(self, digits: int) -> str:
        return f"{self.random.getrandbits(4 * digits):0{digits}x}"
