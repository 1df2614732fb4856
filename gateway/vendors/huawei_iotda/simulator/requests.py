"""The bodies IoTDA takes, and the rules it states for them (model docs of huaweicloudsdkiotda 3.1.219).

A rule that a body breaks is answered 400: IOTDA.000008 for what is not JSON, IOTDA.000009 for a time, or else
IOTDA.000006.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from gateway.vendors.huawei_iotda.simulator.refusals import BAD_FORMAT, BAD_TIME, Refused, invalid

MAX_TARGETS_PER_CALL = 100
MAX_TARGETS_PER_TASK = 30000

_Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,36}$")]
_DeviceId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,128}$")]
_Version = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,256}$")]
_TASK_NAME = re.compile(r"[\u4e00-\u9fa5A-Za-z0-9_]{1,128}")

T = TypeVar("T")


class Targets(msgspec.Struct):
    """Stop, retry and confirm. Without `targets` all are meant; a null is refused, as no source says what it means."""

    targets: list[_DeviceId] | UnsetType = UNSET


class ObsLocation(msgspec.Struct, omit_defaults=True):
    """Where the file lies."""

    region_name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9-]{1,256}$")]
    bucket_name: Annotated[str, Meta(pattern=r"^[a-z0-9.-]{3,63}$")]
    object_key: Annotated[str, Meta(min_length=1, max_length=1024)]
    sign_method: Annotated[str, Meta(pattern="^SHA256$")] | None = None
    sign: Annotated[str, Meta(pattern=r"^[A-Fa-f0-9]{64}$")] | None = None


class FileLocation(msgspec.Struct):
    """Has the one known member."""

    obs_location: ObsLocation


class NewPackage(msgspec.Struct):
    """CreateOtaPackage."""

    app_id: _Id
    package_type: Annotated[str, Meta(pattern="^(software|firmware|module)Package$")]
    product_id: _Id
    version: _Version
    file_location: FileLocation
    module_name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,64}$")] | None = None
    support_source_versions: Annotated[list[_Version], Meta(max_length=20)] | None = None
    description: Annotated[str, Meta(max_length=1024)] | None = None
    custom_info: Annotated[str, Meta(max_length=4096)] | None = None


class TaskDocument(msgspec.Struct):
    """`document` of an upgrade task."""

    package_ids: Annotated[list[Annotated[str, Meta(pattern=r"^[A-Za-z0-9-]{1,36}$")]], Meta(min_length=1)]


class TargetsFilter(msgspec.Struct):
    """Groups instead of devices."""

    group_ids: Annotated[list[str], Meta(min_length=1)]


class TaskPolicy(msgspec.Struct):
    """When to start, and how often to try again; `retry_interval` in minutes."""

    schedule_time: str | None = None
    retry_count: Annotated[int, Meta(ge=0, le=5)] | None = None
    retry_interval: Annotated[int, Meta(ge=0, le=1440)] | None = None


class NewTask(msgspec.Struct):
    """CreateBatchTask for the three upgrade types. `document_source` is for other types only."""

    task_name: str
    task_type: Annotated[str, Meta(pattern="^(software|firmware|module)Upgrade$")]
    document: TaskDocument
    targets: Annotated[list[_DeviceId], Meta(min_length=1, max_length=MAX_TARGETS_PER_TASK)] | None = None
    targets_filter: TargetsFilter | None = None
    app_id: _Id | None = None
    task_policy: TaskPolicy | None = None
    task_mode: Annotated[str, Meta(pattern="^GATEWAY$")] | None = None
    need_confirm: bool | None = None
    task_ext_info: dict[str, object] | None = None

    def check(self) -> None:
        """Raise Refused for what the types cannot say."""
        if not _TASK_NAME.fullmatch(self.task_name):
            raise invalid("task_name takes Chinese characters, letters, digits and _, at most 128.")
        if self.targets is None and self.targets_filter is None:
            raise invalid("targets or targets_filter is required.")
        if self.task_ext_info is not None and len(msgspec.json.encode(self.task_ext_info)) > 512:
            raise invalid("task_ext_info has at most 512 characters.")
        policy = self.task_policy
        if policy and (policy.retry_count is None) != (policy.retry_interval is None):
            raise invalid("retry_count and retry_interval go together.")

    def starts_at(self, now: datetime) -> datetime:
        """When the task starts. Raises Refused for a time unreadable, over, or more than 7 days ahead."""
        text = self.task_policy.schedule_time if self.task_policy else None
        if text is None:
            return now
        try:
            moment = datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        except ValueError:
            raise Refused(400, BAD_TIME, "Invalid time format") from None
        if not now <= moment <= now + timedelta(days=7):
            raise invalid("schedule_time lies at most 7 days ahead.")
        return moment


def read(body: bytes, kind: type[T]) -> T:
    """Read a body. Raises Refused, 400."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as problem:
        raise invalid(str(problem)) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Refused(400, BAD_FORMAT, "The request format is invalid.") from None


def read_targets(body: bytes) -> list[str] | None:
    """The targets of stop, retry or confirm; None means all. An empty body and an empty list are refused."""
    targets = read(body, Targets).targets
    if isinstance(targets, UnsetType):
        return None
    if not 1 <= len(targets) <= MAX_TARGETS_PER_CALL:
        raise invalid(f"targets takes 1 to {MAX_TARGETS_PER_CALL} device ids.")
    return list(targets)
