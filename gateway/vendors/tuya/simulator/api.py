"""TuyaSimulator: one path, the operation in Action; throttle, signature, then the operation."""

import uuid
from collections.abc import Callable
from typing import Any

import orjson

from gateway.vendorkit.simulation.answers import SimulatedApi, WireAnswer, WireRequest
from gateway.vendorkit.simulation.faults import FaultRule
from gateway.vendorkit.simulation.options import SimulatorOptions
from gateway.vendorkit.simulation.request_rate import RequestRate
from gateway.vendors.tuya.simulator.firmware_operations import FirmwareOperations
from gateway.vendors.tuya.simulator.fleet import seed_fleet
from gateway.vendors.tuya.simulator.job_operations import JobOperations
from gateway.vendors.tuya.simulator.parameters import Parameters, received
from gateway.vendors.tuya.simulator.refusals import SYSTEM_EXCEPTION, Refused, turned_away
from gateway.vendors.tuya.simulator.signature import SignatureCheck

# The vendor publishes no rate; this is the simulator's own, for the whole account.
REQUESTS_PER_SECOND = 50.0

_WRAPPERS = {
    "ListOTAFirmware": ("firmwareInfo", "simpleFirmwareInfo"),
    "ListOTAJobByFirmware": ("data", "simpleOTAJobInfo"),
    "ListOTAJobByDevice": ("data", "simpleOTAJobInfo"),
    "ListOTATaskByJob": ("data", "simpleOTATaskInfo"),
    "ListOTAUnfinishedTaskByDevice": ("data", "simpleOTATaskInfo"),
}
_UNKNOWN_ACTION = "Unknown"


class TuyaSimulator(SimulatedApi):
    """One instance of the platform."""

    def __init__(self, options: SimulatorOptions) -> None:
        super().__init__(options)
        self._platform = seed_fleet(options)
        self._signatures = SignatureCheck(options.access_key, options.secret_key)
        self._rate = RequestRate(REQUESTS_PER_SECOND, options.now)
        self._wraps = "wrapped_lists" in options.variants
        firmware = FirmwareOperations(self._platform, refuse_in_use="in_use_allowed" not in options.variants)
        jobs = JobOperations(self._platform, speed=options.speed, strict_cancel="strict_cancel" in options.variants)
        self._operations: dict[str, Callable[[Parameters, float], dict[str, Any]]] = {
            "ListOTAFirmware": firmware.list_firmware,
            "QueryOTAFirmware": firmware.query_firmware,
            "DeleteOTAFirmware": firmware.delete_firmware,
            "CreateOTAFirmware": firmware.create_firmware,
            "ListOTAJobByFirmware": jobs.list_jobs_of_firmware,
            "ListOTAJobByDevice": jobs.list_jobs_of_device,
            "QueryOTAJob": jobs.query_job,
            "CreateOTAStaticUpgradeJob": jobs.create_job,
            "ListOTATaskByJob": jobs.list_tasks,
            "ListOTAUnfinishedTaskByDevice": jobs.list_unfinished,
            "ConfirmOTATask": jobs.confirm,
            "CancelOTATaskByJob": jobs.cancel_by_job,
            "CancelOTATaskByDevice": jobs.cancel_by_device,
        }

    def set_execution_status(self, task_id: str, device_name: str, status: str) -> None:
        """Hold a device of a job in a status; `task_id` is the JobId. Raises KeyError for what is not known."""
        job = self._platform.job(task_id)
        if job is None:
            raise KeyError(task_id)
        job.hold(device_name, status, self._now())

    def operation_of(self, request: WireRequest) -> str:
        """The Action, as far as it is known."""
        action = received(request).get("Action", "")
        return action if request.raw_path == "/" and action in self._operations else _UNKNOWN_ACTION

    def answer(self, operation: str, request: WireRequest, fault: FaultRule | None) -> WireAnswer:
        """Carry one request out. There are no execution numbers here, so `fault` says nothing."""
        if self.options.quotas and not self._rate.allows("every operation"):
            return self.throttled(operation)
        parameters = received(request)
        try:
            if request.method not in {"GET", "POST"} or request.raw_path != "/":
                raise turned_away("UnsupportedHTTPMethod", "Requests go to / by GET or POST.")
            self._signatures.check(request.method, parameters, self.options.now())
            if operation == _UNKNOWN_ACTION:
                raise turned_away("InvalidAction.NotFound", "Specified action is not found.")
            members = self._operations[operation](Parameters(parameters), self._now())
        except Refused as refusal:
            return _error(refusal.status, refusal.code, refusal.message)
        if self._wraps and operation in _WRAPPERS:
            member, wrapper = _WRAPPERS[operation]
            members[member] = {wrapper: members[member]}
        return _respond(200, {"code": "", "success": True, **members})

    def throttled(self, operation: str) -> WireAnswer:
        """400 Throttling.User, as Alibaba's gateway answers."""
        return _error(400, "Throttling.User", "Request was denied due to user flow control.")

    def failed(self, operation: str, status: int) -> WireAnswer:
        """A 5xx."""
        return _error(status, SYSTEM_EXCEPTION, "A system exception occurred. Try again later.")

    def _now(self) -> float:
        return self.options.now().timestamp()


def _error(status: int, code: str, message: str) -> WireAnswer:
    return _respond(status, {"code": code, "errorMessage": message, "success": False})


def _respond(status: int, members: dict[str, Any]) -> WireAnswer:
    body = orjson.dumps({**members, "requestId": str(uuid.uuid4())})
    return WireAnswer(status=status, body=body, headers={"content-type": "application/json;charset=utf-8"})
