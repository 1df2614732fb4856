"""The names and descriptions under which the domain's enums are shown. OtaVendor comes from the vendors' manifests."""

from collections.abc import Mapping
from enum import EnumMeta, StrEnum
from typing import cast

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.enum import StrawberryEnumDefinition

from gateway.backends.circuit_breaker import Circuit
from gateway.backends.health import HealthState
from gateway.domain.audit import AuditState
from gateway.domain.error_meanings import MEANINGS
from gateway.domain.errors import ErrorCode
from gateway.domain.operations import Operation, Support
from gateway.domain.outcomes import MutationOutcome
from gateway.domain.statuses import (
    CountUnit,
    ExecutionPhase,
    ExecutionStatus,
    FailureReason,
    PackageKind,
    PackageStatus,
    Source,
    TaskOutcome,
    TaskStatus,
)
from gateway.services.connection import BackendResultStatus
from gateway.services.inputs import Direction, ErrorPolicy, PackageOrderField, TaskOrderField


def _show(enum: type[StrEnum], name: str, description: str, **values: str) -> None:
    strawberry.enum(enum, name=name, description=description)
    describe_values(enum, values)


def describe_values(enum: EnumMeta, descriptions: Mapping[str, str]) -> None:
    """Give a GraphQL enum's values their descriptions, by name, so that the enum itself stays free of Strawberry."""
    definition = cast("StrawberryEnumDefinition", StrawberryAnnotation(enum).resolve())
    for value in definition.values:
        value.description = descriptions.get(value.name)


_show(
    TaskStatus,
    "OtaTaskStatus",
    "Where a task stands in its life. It says nothing of success: see outcome. No order may be assumed: a rollout with "
    "maintenance windows goes from IN_PROGRESS back to SCHEDULED.",
    PREPARING="The vendor is still working out what the task covers.",
    AWAITING_APPROVAL="Somebody has to approve it at the vendor.",
    READY="Prepared, and not started by anybody yet.",
    SCHEDULED="It starts, or goes on, at a set time.",
    PENDING="Accepted, and waiting for the vendor to begin.",
    PAUSED="Stopped for now; it can go on.",
    CANCELING="Cancelling was accepted and devices that had begun may still finish.",
    COMPLETED="Nothing is left to do, whatever became of the devices.",
    CANCELED="Ended before it was complete.",
    FAILED="The vendor itself calls the task failed.",
    REJECTED="Refused before it began.",
    SUPERSEDED="A newer task took its place.",
    DELETING="The vendor is deleting it; it still shows.",
    DELETED="Deleted, and still shown by the vendor.",
    UNKNOWN="The vendor sent a status that the gateway does not know; vendorStatus has it.",
)
_show(
    TaskOutcome,
    "OtaTaskOutcome",
    "How a task ended.",
    PARTIALLY_SUCCEEDED="Some devices succeeded and some did not.",
    NO_DEVICES="It ended without ever reaching a device.",
    UNDETERMINED="It ended, and what the vendor says does not tell how.",
)
_show(
    Source,
    "OtaSource",
    "Who says so.",
    VENDOR="The vendor said it.",
    DERIVED="The gateway worked it out from what the vendor said.",
)
_show(
    ExecutionStatus,
    "OtaExecutionStatus",
    "Where one device stands in one task.",
    AWAITING_CONFIRMATION="Waiting for confirmOtaTask, or for a user at the device.",
    QUEUED="The device has not been told yet.",
    NOTIFIED="The device has been told and has not begun.",
    RETRY_WAIT="An attempt failed and another one follows.",
    CANCELING="Cancelling was accepted and is not yet seen.",
    ALREADY_UP_TO_DATE="Nothing was installed: the device had this version.",
    TIMED_OUT="The device did not finish in the time the task gave it.",
    REJECTED="The device declined.",
    NOT_APPLICABLE="The update does not fit the device.",
    CANCELED="Ended by a cancel, of the device or of its task.",
    REMOVED="The device left the fleet, or the task's targets, before it began.",
    UNKNOWN="The vendor sent a status that the gateway does not know; vendorStatus has it.",
)
_show(
    ExecutionPhase,
    "OtaExecutionPhase",
    "What a device is busy with while it is IN_PROGRESS or PAUSED.",
)
_show(
    FailureReason,
    "OtaFailureReason",
    "Why a device failed, in neutral words.",
    ROLLED_BACK="Installed, and taken back by the device.",
    INCOMPATIBLE="The package does not fit the device.",
    UNREACHABLE="The device could not be reached.",
    VENDOR="The vendor's own service failed.",
    UNKNOWN="The vendor gave no reason that the gateway knows.",
)
_show(
    PackageKind,
    "OtaPackageKind",
    "What a package replaces on the device.",
    MODULE="One module of the device, such as its radio.",
    OTHER="The vendor does not tell, or has a kind of its own.",
)
_show(
    PackageStatus,
    "OtaPackageStatus",
    "Whether a package may be rolled out.",
    DRAFT="Not released yet.",
    DEPRECATED="Still there, and not for new tasks.",
    UNKNOWN="The vendor sent a status that the gateway does not know; vendorStatus has it.",
)
_show(
    CountUnit,
    "OtaCountUnit",
    "What the counters of a task count.",
    DEVICES="Each device once.",
    EXECUTIONS="Each attempt of each device.",
)
_show(
    Operation,
    "OtaOperation",
    "What can be asked of a backend.",
    LIST_DEVICE_EXECUTIONS="List the executions of one device over all tasks.",
    CONFIRM_TASK="Let devices that wait for a confirmation go on.",
    RETRY_TASK="Try failed devices again.",
    CANCEL_EXECUTION="Cancel the upgrade of single devices: cancelDeviceUpgrade.",
    DELETE_EXECUTION="Delete the record of one device's part in a task: deleteJobExecution.",
    READ_AUDIT="Read the audit: no backend is asked. It stands in entries about readings that were denied.",
)
_show(
    Support,
    "OtaSupport",
    "How far a vendor supports an operation.",
    NATIVE="The vendor has it.",
    PARTIAL="The vendor has it within the limits that the note names.",
    NONE="The vendor does not have it; asking for it is refused before any call.",
)
_show(
    HealthState,
    "OtaHealthState",
    "How a backend has been answering lately.",
    DEGRADED="The last read failed.",
    DOWN="Three reads in a row failed, or none ever succeeded.",
    UNKNOWN="It has not been asked yet.",
)
_show(
    Circuit,
    "OtaCircuit",
    "Whether a backend is called.",
    CLOSED="It is.",
    OPEN="An operation was not answered and is left alone for a while: asking for it fails at once.",
    HALF_OPEN="That while is over: one call finds out whether it is answered again.",
)
_show(
    BackendResultStatus,
    "OtaBackendResultStatus",
    "What a backend contributed to a list.",
    OK="Its rows are in the list.",
    STALE="It could not be asked; its rows come from the last good answer, fetched at fetchedAt.",
    FAILED="It could not be asked; its rows are missing, and error says why.",
    SKIPPED="Its vendor cannot answer this; error says what it has instead.",
)
_show(
    TaskOrderField,
    "OtaTaskOrderField",
    "What a list of tasks is ordered by. Nulls come last in both directions; ties are ordered by id.",
    CREATED_AT="One order over all backends.",
    UPDATED_AT="One order over all backends; not every vendor says when a task changed.",
    NAME="One order over all backends.",
    BACKEND="Each backend's own order, one backend after the other: any length, at a constant price a page.",
)
_show(
    PackageOrderField,
    "OtaPackageOrderField",
    "What a list of packages is ordered by. Nulls come last in both directions; ties are ordered by id.",
    BACKEND="Each backend's own order, one backend after the other: any length, at a constant price a page.",
)
_show(Direction, "OtaDirection", "Which way a list is ordered. Nulls come last in both.")
_show(
    ErrorPolicy,
    "OtaErrorPolicy",
    "What to do with the other devices when one is refused.",
    CONTINUE="Go on with the others.",
    STOP_ON_FIRST="Leave alone those that follow.",
    ALL_OR_NOTHING="Check all before the first call, and touch none if one would be refused. It is no transaction: "
    "what the vendor refuses later does not undo the others.",
)
_show(
    MutationOutcome,
    "OtaMutationOutcome",
    "What became of a change.",
    DONE="Read back from the vendor, and seen.",
    REQUESTED="The vendor accepted it and takes its time.",
    ALREADY_DONE="Nothing had to be done.",
    ALREADY_DELETED="It was deleted through this gateway before; the vendor was not called.",
    PREVIEWED="A dry run: nothing was called that changes anything, and preview tells what would happen.",
    REFUSED="Not tried; errors says why.",
    FAILED="The vendor said no; errors has its words.",
    UNKNOWN="Sent, and no trustworthy answer came back: it may have happened. Look again before repeating it.",
)
_show(
    ErrorCode,
    "OtaErrorCode",
    "Stable codes to branch on.",
    **{code.name: f"{meaning.means} {meaning.to_do}" for code, meaning in MEANINGS.items()},
)
_show(
    AuditState,
    "OtaAuditState",
    "Whether the result of a change is known.",
    OPEN="Written before the vendor was called; the result is not known yet.",
    CLOSED="The result is known.",
)
