"""The suffixes of AWS's hosts, against the partitions botocore knows."""

import json
import re
from pathlib import Path
from typing import Any

import botocore
import pytest

from gateway.vendorkit.aws.partitions import dns_suffix, dual_stack_suffix

PARTITIONS = json.loads((Path(botocore.__file__).parent / "data" / "partitions.json").read_text())["partitions"]
REGIONS = {
    "aws": "eu-west-1",
    "aws-cn": "cn-north-1",
    "aws-eusc": "eusc-de-east-1",
    "aws-iso": "us-iso-east-1",
    "aws-iso-b": "us-isob-east-1",
    "aws-iso-e": "eu-isoe-west-1",
    "aws-iso-f": "us-isof-south-1",
    "aws-us-gov": "us-gov-west-1",
}


@pytest.mark.parametrize("partition", PARTITIONS, ids=lambda partition: partition["id"])
def test_each_partition_has_its_own_suffixes(partition: dict[str, Any]) -> None:
    region = REGIONS[partition["id"]]

    assert re.fullmatch(partition["regionRegex"], region)
    assert dns_suffix(region) == partition["outputs"]["dnsSuffix"]
    assert dual_stack_suffix(region) == partition["outputs"]["dualStackDnsSuffix"]
