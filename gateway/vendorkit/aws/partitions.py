"""AWS partitions: which DNS suffix a Region's hosts end in (botocore's partitions.json)."""

_STANDARD = ("amazonaws.com", "api.aws")

# Region prefix: DNS suffix, dual-stack DNS suffix.
_OTHERS = {
    "cn-": ("amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    "eusc-": ("amazonaws.eu", "api.amazonwebservices.eu"),
    "us-iso-": ("c2s.ic.gov", "api.aws.ic.gov"),
    "us-isob-": ("sc2s.sgov.gov", "api.aws.scloud"),
    "eu-isoe-": ("cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
    "us-isof-": ("csp.hci.ic.gov", "api.aws.hci.ic.gov"),
}


def _suffixes(region: str) -> tuple[str, str]:
    return next((suffixes for prefix, suffixes in _OTHERS.items() if region.startswith(prefix)), _STANDARD)


def dns_suffix(region: str) -> str:
    """The suffix of single-stack hosts, such as `amazonaws.com`."""
    return _suffixes(region)[0]


def dual_stack_suffix(region: str) -> str:
    """The suffix of dual-stack hosts, such as `api.aws`."""
    return _suffixes(region)[1]
