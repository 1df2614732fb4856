"""Platform: everything that one simulated instance holds, and the look-ups its operations need.

Job and task ids are 19-digit numbers as text. A job's tasks have the numbers after its own, so that a task is found
from its id without an index.
"""

from collections.abc import Iterator

from gateway.vendorkit.simulation.device_names import DeviceRun
from gateway.vendors.tuya.simulator.firmware import Firmware
from gateway.vendors.tuya.simulator.jobs import Job

_FIRST_JOB = 1836340000000000000
_NUMBERS_PER_JOB = 1_000_000
_FIRST_FIRMWARE = 145


class Platform:
    """Products, packages, and jobs by package; newest last."""

    def __init__(self) -> None:
        self.products: dict[str, str] = {}
        self.fleets: dict[str, DeviceRun] = {}
        self.firmware: dict[str, Firmware] = {}
        self.jobs: dict[str, list[Job]] = {}
        self._jobs: list[Job] = []
        self._firmware_count = 0

    def next_firmware_id(self) -> str:
        """An id that was never given."""
        self._firmware_count += 1
        return str(_FIRST_FIRMWARE + self._firmware_count)

    def next_job_number(self) -> int:
        """The place of the next job among all."""
        return len(self._jobs)

    def add_firmware(self, firmware: Firmware) -> None:
        """Take a package in."""
        self.firmware[firmware.firmware_id] = firmware
        self.jobs[firmware.firmware_id] = []

    def add_job(self, job: Job) -> None:
        """Take a job in; its number is `next_job_number`."""
        self._jobs.append(job)
        self.jobs[job.firmware_id].append(job)

    def job(self, job_id: str) -> Job | None:
        """A job by id."""
        number, rest = _split(job_id)
        return self._jobs[number] if rest == 0 and 0 <= number < len(self._jobs) else None

    def task(self, task_id: str) -> tuple[Job, int] | None:
        """A device task by id, as its job and its place."""
        number, rest = _split(task_id)
        if not 0 <= number < len(self._jobs) or not 0 < rest <= len(self._jobs[number].devices):
            return None
        return self._jobs[number], rest - 1

    def jobs_of_product(self, product_key: str) -> Iterator[Job]:
        """Every job of a product, newest first. Jobs of a deleted package are gone from lists, as their package is."""
        return (
            job for job in reversed(self._jobs) if job.product_key == product_key and job.firmware_id in self.firmware
        )


def job_id(job: Job) -> str:
    """A job's id."""
    return str(_FIRST_JOB + job.number * _NUMBERS_PER_JOB)


def task_id(job: Job, place: int) -> str:
    """The id of the device task at a place."""
    return str(_FIRST_JOB + job.number * _NUMBERS_PER_JOB + place + 1)


def _split(text: str) -> tuple[int, int]:
    if len(text) != 19 or not (text.isascii() and text.isdigit()):
        return -1, 0
    return divmod(int(text) - _FIRST_JOB, _NUMBERS_PER_JOB)
