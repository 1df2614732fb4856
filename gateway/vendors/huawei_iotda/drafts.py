"""New batch tasks: the rules a draft must keep, and the request body it becomes (CreateBatchTask)."""

import re
from collections.abc import Collection
from datetime import UTC

import msgspec

from gateway.domain.changes import TaskDraft
from gateway.domain.errors import InvalidInput

MAX_TARGETS = 30_000

_NAME = re.compile(r"[\u4e00-\u9fa5A-Za-z0-9_]{1,128}")
_DEVICE = re.compile(r"[A-Za-z0-9_-]{1,128}")
_SPACE = re.compile(r"[A-Za-z0-9_-]{1,36}")
_MAX_RETRIES = 5
_MAX_INTERVAL_MINUTES = 1440
_MAX_EXTENSION = 512
_TYPE_OF_PACKAGE = {
    "softwarePackage": "softwareUpgrade",
    "firmwarePackage": "firmwareUpgrade",
    "modulePackage": "moduleUpgrade",
}
_FOREIGN = (
    ("description", "Huawei IoTDA keeps no description of a batch task"),
    ("document", "an IoT job document belongs to AWS IoT"),
    ("s3_url", "an S3 URL belongs to AWS managed integrations"),
    ("task_configuration_id", "a task configuration belongs to AWS managed integrations"),
    ("product_key", "Huawei IoTDA takes the product from the package"),
)
_GRAPHQL = {"s3_url": "s3Url", "task_configuration_id": "taskConfigurationId", "product_key": "productKey"}


def check_draft(draft: TaskDraft, task_types: Collection[str]) -> None:
    """Raise InvalidInput with the path inside the input for the first rule that is broken."""
    for member, reason in _FOREIGN:
        if getattr(draft, member) is not None:
            raise _broken((_GRAPHQL.get(member, member),), f"left out: {reason}")
    if draft.name is None or not _NAME.fullmatch(draft.name):
        raise _broken(("name",), "1 to 128 Chinese characters, letters, digits and _; no space, hyphen or dot")
    if draft.package is None:
        raise _broken(("packageId",), "the id of the upgrade package to install")
    options = draft.vendor_options
    if not draft.targets and "targets_filter" not in options:
        raise _broken(("targets",), "at least one device id, or vendorOptions.targets_filter")
    if draft.targets and "targets_filter" in options:
        raise _broken(("vendorOptions", "targets_filter"), "left out where targets are given: only one is used")
    if len(draft.targets) > MAX_TARGETS:
        raise _broken(("targets",), f"at most {MAX_TARGETS} device ids")
    for index, target in enumerate(draft.targets):
        if not _DEVICE.fullmatch(target):
            raise _broken(("targets", str(index)), "a device id: 1 to 128 letters, digits, _ and -")
    _check_options(options, task_types)


def _check_options(options: dict[str, object], task_types: Collection[str]) -> None:
    rules: dict[str, tuple[bool, str]] = {
        "task_type": (options.get("task_type") in task_types, f"one of {', '.join(task_types)}"),
        "app_id": (_text(options.get("app_id"), _SPACE), "1 to 36 letters, digits, _ and -"),
        "task_mode": (options.get("task_mode") == "GATEWAY", "GATEWAY"),
        "need_confirm": (isinstance(options.get("need_confirm"), bool), "true or false"),
        "task_ext_info": (
            _extension(options.get("task_ext_info")),
            f"a JSON object of at most {_MAX_EXTENSION} characters",
        ),
        "retry_count": (_whole(options.get("retry_count"), 0, _MAX_RETRIES), f"a whole number, 0 to {_MAX_RETRIES}"),
        "retry_interval": (
            _whole(options.get("retry_interval"), 0, _MAX_INTERVAL_MINUTES),
            f"minutes as a whole number, 0 to {_MAX_INTERVAL_MINUTES}",
        ),
        "targets_filter": (_groups(options.get("targets_filter")), 'an object such as {"group_ids": ["..."]}'),
    }
    for key in options:
        if key not in rules:
            raise _broken(("vendorOptions", key), f"one of {', '.join(rules)}")
        fits, rule = rules[key]
        if not fits:
            raise _broken(("vendorOptions", key), rule)
    if ("retry_count" in options) != ("retry_interval" in options):
        missing = "retry_interval" if "retry_count" in options else "retry_count"
        raise _broken(("vendorOptions", missing), "retry_count and retry_interval go together")


def task_type_for(draft: TaskDraft, package_type: str | None) -> str:
    """The type of the new task: as the caller says, or as its package needs. Raises InvalidInput when neither tells."""
    chosen = draft.vendor_options.get("task_type") or _TYPE_OF_PACKAGE.get(package_type or "")
    if not isinstance(chosen, str):
        raise _broken(("vendorOptions", "task_type"), "given where the package's own type does not tell it")
    return chosen


def body_of(draft: TaskDraft, task_type: str) -> dict[str, object]:
    """The request body. `draft` was checked."""
    options = draft.vendor_options
    package_id = draft.package.key[0] if draft.package else ""
    body: dict[str, object] = {
        "task_name": draft.name,
        "task_type": task_type,
        "document": {"package_ids": [package_id]},
    }
    if draft.targets:
        body["targets"] = list(draft.targets)
    for key in ("app_id", "task_mode", "need_confirm", "task_ext_info", "targets_filter"):
        if key in options:
            body[key] = options[key]
    policy: dict[str, object] = {key: options[key] for key in ("retry_count", "retry_interval") if key in options}
    if draft.scheduled_at is not None:
        policy["schedule_time"] = draft.scheduled_at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    if policy:
        body["task_policy"] = policy
    return body


def _text(value: object, pattern: re.Pattern[str]) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _whole(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _extension(value: object) -> bool:
    return isinstance(value, dict) and len(msgspec.json.encode(value).decode()) <= _MAX_EXTENSION


def _groups(value: object) -> bool:
    if not isinstance(value, dict) or list(value) != ["group_ids"]:
        return False
    groups = value["group_ids"]
    return isinstance(groups, list) and bool(groups) and all(isinstance(group, str) and group for group in groups)


def _broken(path: tuple[str, ...], rule: str) -> InvalidInput:
    return InvalidInput(f"{'.'.join(path)} must be {rule}.", path=path, rule=rule)
