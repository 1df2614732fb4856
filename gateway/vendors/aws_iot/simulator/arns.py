"""Amazon resource names of the simulated account."""

import re

ACCOUNT = "123456789012"

_TARGET = re.compile(r"arn:aws[a-z-]*:iot:[a-z0-9-]+:" + ACCOUNT + r":(thinggroup|thing)/(.+)")


def arn(region: str, resource: str) -> str:
    """The name of a resource such as `job/fw-1` or `package/fw/version/1.0.0`."""
    return f"arn:aws:iot:{region}:{ACCOUNT}:{resource}"


def target(text: str) -> tuple[str, str] | None:
    """The kind (`thing`, `thinggroup`) and name that a target means, or None."""
    found = _TARGET.fullmatch(text)
    return (found[1], found[2]) if found else None


def package_version(text: str) -> tuple[str, str] | None:
    """The package and version that an ARN means, or None."""
    found = re.fullmatch(r"arn:aws[a-z-]*:iot:[a-z0-9-]+:" + ACCOUNT + r":package/([^/]+)/version/([^/]+)", text)
    return (found[1], found[2]) if found else None
