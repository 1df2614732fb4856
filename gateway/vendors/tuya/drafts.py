"""New batches: the rules a draft must keep, and the parameters it becomes (CreateOTAStaticUpgradeJob)."""

from collections.abc import Callable

from gateway.domain.changes import TaskDraft
from gateway.domain.errors import InvalidInput
from gateway.vendors.tuya.rules import DEVICE_NAME, NUMERIC_ID, PRODUCT_KEY

# Tuya states no maximum; this is the one of the API it copies, and a longer query would not be safe on the wire.
MAX_TARGETS = 200

_INTERVALS = (0, 10, 30, 60, 1440)
_COUNTS = (1, 2, 5)
_SELECTIONS = ("ALL", "SPECIFIC", "GRAY", "GROUP")
_FOREIGN = (
    ("name", "name", "Tuya knows a batch by its JobId only"),
    ("description", "description", "Tuya takes no description for a batch"),
    ("document", "document", "an IoT job document belongs to AWS IoT"),
    ("s3_url", "s3Url", "an S3 URL belongs to AWS managed integrations"),
    ("task_configuration_id", "taskConfigurationId", "a task configuration belongs to AWS managed integrations"),
    ("scheduled_at", "scheduledAt", "no schedule is documented for Tuya's batches"),
)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _are_versions(value: object) -> bool:
    return _is_text(value) or (isinstance(value, list) and bool(value) and all(_is_text(one) for one in value))


def _is_percent(value: object) -> bool:
    text = str(value)
    return not isinstance(value, bool) and text.isascii() and text.isdecimal() and 0 < int(text) <= 100


_OPTIONS: dict[str, tuple[Callable[[object], bool], str]] = {
    "TargetSelection": (lambda value: value in _SELECTIONS, f"one of {', '.join(_SELECTIONS)}"),
    "SrcVersion": (_are_versions, "a version, or a list of them"),
    "RetryInterval": (lambda value: _is_number(value) and value in _INTERVALS, "minutes: 0, 10, 30, 60 or 1440"),
    "RetryCount": (lambda value: _is_number(value) and value in _COUNTS, "1, 2 or 5"),
    "TimeoutInMinutes": (
        lambda value: isinstance(value, int) and _is_number(value) and 1 <= value <= 1440,
        "minutes, 1 to 1440",
    ),
    "NeedPush": (_is_flag, "true or false"),
    "NeedConfirm": (_is_flag, "true or false"),
    "DownloadProtocol": (lambda value: value == "HTTPS", "HTTPS"),
    "GrayPercent": (_is_percent, "a whole number, 1 to 100"),
    "GroupId": (_is_text, "the id of a device group"),
}


def check_draft(draft: TaskDraft) -> None:
    """Raise InvalidInput with the path inside the input for the first rule that is broken."""
    for member, field, reason in _FOREIGN:
        if getattr(draft, member) is not None:
            raise _broken((field,), f"left out: {reason}")
    if draft.package is None or not NUMERIC_ID.fullmatch(draft.package.key[0]):
        raise _broken(("packageId",), "the id of the OTA package to install")
    if draft.product_key is None or not PRODUCT_KEY.fullmatch(draft.product_key):
        raise _broken(("productKey",), "the product key of the devices: 1 to 64 letters, digits, _ and -")
    if len(draft.targets) > MAX_TARGETS:
        raise _broken(("targets",), f"at most {MAX_TARGETS} device names")
    for index, target in enumerate(draft.targets):
        if not DEVICE_NAME.fullmatch(target) or target in draft.targets[:index]:
            raise _broken(("targets", str(index)), "a device name of 1 to 128 characters without spaces, named once")
    _check_options(draft.vendor_options)
    _check_selection(draft)


def _check_options(options: dict[str, object]) -> None:
    for key, value in options.items():
        if key not in _OPTIONS:
            raise _broken(("vendorOptions", key), f"one of {', '.join(_OPTIONS)}")
        fits, rule = _OPTIONS[key]
        if not fits(value):
            raise _broken(("vendorOptions", key), rule)
    if ("RetryCount" in options) != ("RetryInterval" in options):
        missing = "RetryInterval" if "RetryCount" in options else "RetryCount"
        raise _broken(("vendorOptions", missing), "RetryCount and RetryInterval go together")


def _check_selection(draft: TaskDraft) -> None:
    options = draft.vendor_options
    selection = options.get("TargetSelection", "SPECIFIC")
    if selection == "SPECIFIC" and not draft.targets:
        raise _broken(("targets",), "at least one device name, or vendorOptions.TargetSelection ALL, GRAY or GROUP")
    if selection != "SPECIFIC" and draft.targets:
        raise _broken(("targets",), f"empty with TargetSelection {selection}")
    for key, needed_by in (("GrayPercent", "GRAY"), ("GroupId", "GROUP")):
        if (key in options) != (selection == needed_by):
            raise _broken(("vendorOptions", key), f"given with TargetSelection {needed_by}, and only with it")


def params_of(draft: TaskDraft) -> dict[str, str]:
    """The parameters beside the devices. `draft` was checked."""
    params = {
        "FirmwareId": draft.package.key[0] if draft.package else "",
        "ProductKey": draft.product_key or "",
        "TargetSelection": "SPECIFIC",
    }
    for key, value in draft.vendor_options.items():
        if key == "SrcVersion":
            versions = value if isinstance(value, list) else [value]
            params.update({f"SrcVersion.{number}": str(one) for number, one in enumerate(versions, start=1)})
        elif isinstance(value, bool):
            params[key] = "true" if value else "false"
        else:
            params[key] = str(value)
    return params


def _broken(path: tuple[str, ...], rule: str) -> InvalidInput:
    return InvalidInput(f"{'.'.join(path)} must be {rule}.", path=path, rule=rule)
