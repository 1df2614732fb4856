"""The simulated platform's signature check against published RPC vectors, over HTTP.

The signatures were made by four signers of Alibaba, whose scheme this is; `testid` and `testsecret` are theirs.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from urllib.parse import quote

import httpx
import pytest

from gateway.vendorkit.simulation.options import SimulatorOptions
from gateway.vendorkit.simulation.server import serving
from gateway.vendors.tuya.simulator import build

TUYA_COMMON = {"AccessKeyId": "testid", "SignatureMethod": "HMAC-SHA1", "Timestamp": "2024-11-19T09:47:43Z"}
BASE = {
    "AccessKeyId": "testid",
    "Format": "JSON",
    "Version": "2018-01-20",
    "SignatureMethod": "HMAC-SHA1",
    "SignatureVersion": "1.0",
    "SignatureNonce": "15215528852396",
    "Timestamp": "2018-05-20T12:00:00Z",
    "RegionId": "cn-shanghai",
}


class Vector(NamedTuple):
    name: str
    method: str
    parameters: dict[str, str]
    signature: str

    @property
    def signed_at(self) -> datetime:
        return datetime.strptime(self.parameters["Timestamp"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


T1 = Vector(
    "T1",
    "GET",
    {
        **TUYA_COMMON,
        "Action": "CancelOTATaskByDevice",
        "SignatureNonce": "9e6189124f5a4716ad2de849467b0001",
        "FirmwareId": "168",
        "ProductKey": "k1nhvyl0001",
        "DeviceName.1": "testDevice1",
        "DeviceName.2": "testDevice2",
    },
    "ngLYkWk/xxp+4zdm0sv2tTVkA5w=",
)
T2 = Vector(
    "T2",
    "GET",
    {
        **TUYA_COMMON,
        "Action": "ListOTATaskByJob",
        "SignatureNonce": "9e6189124f5a4716ad2de849467b0002",
        "SignatureVersion": "1.0",
        "Version": "2018-01-20",
        "Format": "JSON",
        "JobId": "1836340779212660001",
        "CurrentPage": "1",
        "PageSize": "10",
        "TaskStatus": "IN_PROGRESS",
    },
    "8YVBpg09dhSLMs4gvWb8deAeRiY=",
)
QUERY_JOB = {**BASE, "Action": "QueryOTAJob", "JobId": "wahVIzGkCMuAUE2gDERM02"}
CANCEL = {**BASE, "Action": "CancelOTATaskByDevice"}
AWKWARD = {
    "ProductKey": "a1V4kde****",
    "FirmwareId": "T0F5b5tpFnHQrgfk030100",
    "DeviceName.1": "device 1",
    "DeviceName.2": "a/b+c=d&e~f*g'(h)!\"%",
    "DeviceName.3": "升级é",
}
ELEVEN = {"ProductKey": "pk", "FirmwareId": "f", **{f"DeviceName.{n}": f"d{n}" for n in range(1, 12)}}
EMPTY = {**BASE, "Action": "ListOTAFirmware", "CurrentPage": "1", "PageSize": "10", "SignatureType": ""}
REGIONS = {
    "AccessKeyId": "testid",
    "Action": "DescribeRegions",
    "Format": "XML",
    "SignatureMethod": "HMAC-SHA1",
    "SignatureNonce": "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf",
    "SignatureVersion": "1.0",
    "Timestamp": "2016-02-23T12:46:24Z",
    "Version": "2014-05-26",
}
VECTORS = [
    T1,
    T2,
    Vector("A1", "GET", QUERY_JOB, "DQjpDhNxx/scY68VhrwJGgDJUv4="),
    Vector("A2", "POST", QUERY_JOB, "yoOi00CU7Kgd2SD7lqdQEFpC2hg="),
    Vector("A3", "POST", {**CANCEL, **AWKWARD}, "CVHy5fGXaYLPHTP//YK+VjtkY+Y="),
    Vector("A4", "GET", {**CANCEL, **ELEVEN}, "JaciHLSr+vcv25QxC7MdL2OGA0s="),
    Vector("A5", "POST", EMPTY, "kImm/fMEFKvlO83ezZjFsjCC1ko="),
    Vector("A6", "GET", REGIONS, "OLeaidS1JvxuMvnyHOwuJ+uX5qY="),
]
BY_NAME = pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)


def query_of(vector: Vector, **changed: str) -> str:
    named = {**vector.parameters, "Signature": vector.signature, **changed}
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in named.items())


@asynccontextmanager
async def platform(at: datetime, access_key: str = "testid") -> AsyncIterator[httpx.AsyncClient]:
    options = SimulatorOptions(access_key=access_key, secret_key="testsecret", quotas=False, now=lambda: at)
    async with serving(build(options)) as url, httpx.AsyncClient(base_url=url, trust_env=False) as http:
        yield http


def code_of(answer: httpx.Response) -> str:
    code: str = answer.json()["code"]
    return code


REACHED = {"iot.ota.FirmwareNotFound", "iot.ota.SimulatorJobNotFound", "InvalidAction.NotFound", ""}


@BY_NAME
async def test_a_vector_is_accepted_in_the_query_and_only_once(vector: Vector) -> None:
    async with platform(vector.signed_at) as http:
        first = await http.request(vector.method, f"/?{query_of(vector)}")
        second = await http.request(vector.method, f"/?{query_of(vector)}")
    assert code_of(first) in REACHED
    assert (second.status_code, code_of(second)) == (400, "SignatureNonceUsed")


@pytest.mark.parametrize("vector", [v for v in VECTORS if v.method == "POST"], ids=lambda vector: vector.name)
async def test_a_vector_is_accepted_as_a_form(vector: Vector) -> None:
    async with platform(vector.signed_at) as http:
        answer = await http.post("/", data={**vector.parameters, "Signature": vector.signature})
    assert code_of(answer) in REACHED


@BY_NAME
async def test_a_change_anywhere_breaks_the_signature(vector: Vector) -> None:
    other_method = "POST" if vector.method == "GET" else "GET"
    async with platform(vector.signed_at) as http:
        answers = [
            await http.request(other_method, f"/?{query_of(vector)}"),
            await http.request(vector.method, f"/?{query_of(vector, Unknown='1')}"),
            await http.request(vector.method, f"/?{query_of(vector, SignatureNonce='another')}"),
            await http.request(vector.method, f"/?{query_of(vector, Signature=vector.signature.lower())}"),
        ]
    assert {(answer.status_code, code_of(answer)) for answer in answers} == {(400, "SignatureDoesNotMatch")}


@pytest.mark.parametrize(("minutes", "code"), [(-16, "InvalidTimeStamp.Expired"), (16, "InvalidTimeStamp.Expired")])
async def test_a_timestamp_more_than_fifteen_minutes_off_is_refused(minutes: int, code: str) -> None:
    async with platform(T1.signed_at + timedelta(minutes=minutes)) as http:
        answer = await http.get(f"/?{query_of(T1)}")
    assert (answer.status_code, code_of(answer)) == (400, code)


@pytest.mark.parametrize("minutes", [-15, 15])
async def test_a_timestamp_fifteen_minutes_off_is_accepted(minutes: int) -> None:
    async with platform(T1.signed_at + timedelta(minutes=minutes)) as http:
        assert code_of(await http.get(f"/?{query_of(T1)}")) in REACHED


async def test_an_unknown_access_key_and_a_malformed_time_are_named() -> None:
    async with platform(T1.signed_at, access_key="another") as http:
        assert code_of(await http.get(f"/?{query_of(T1)}")) == "InvalidAccessKeyId.NotFound"
    async with platform(T1.signed_at) as http:
        assert code_of(await http.get(f"/?{query_of(T1, Timestamp='now')}")) == "InvalidTimeStamp.Format"


@pytest.mark.parametrize(
    "name", ["Action", "AccessKeyId", "SignatureMethod", "SignatureNonce", "Timestamp", "Signature"]
)
async def test_a_common_parameter_that_lacks_is_named(name: str) -> None:
    async with platform(T1.signed_at) as http:
        answer = await http.get(f"/?{query_of(T1, **{name: ''})}")
    assert (answer.status_code, code_of(answer)) == (400, f"Missing{name}")
