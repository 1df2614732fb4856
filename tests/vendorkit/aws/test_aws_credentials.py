"""Where keys come from, and what is said when there are none."""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs

import botocore.session
import pytest
from pydantic import ValidationError

from gateway.domain.errors import BackendUnavailable
from gateway.vendorkit.aws.credentials import AwsKeys
from gateway.vendorkit.aws.settings import AwsBackendSettings
from tests.support.scripted_vendor import ScriptedVendor

ROLE = "arn:aws:iam::123456789012:role/ota"


@pytest.fixture(autouse=True)
def _no_keys_around(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither the machine's keys nor a metadata service take part."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


def settings(**more: object) -> AwsBackendSettings:
    return AwsBackendSettings.model_validate({"name": "fleet", "vendor": "aws-iot", "region": "us-east-1", **more})


def sts_answer(access_key: str, expires: str) -> str:
    return (
        '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>'
        f"<AccessKeyId>{access_key}</AccessKeyId><SecretAccessKey>role-secret</SecretAccessKey>"
        f"<SessionToken>role-token</SessionToken><Expiration>{expires}</Expiration></Credentials>"
        f"<AssumedRoleUser><Arn>{ROLE}</Arn><AssumedRoleId>x:ota</AssumedRoleId></AssumedRoleUser>"
        "</AssumeRoleResult></AssumeRoleResponse>"
    )


async def test_static_keys_are_used_as_they_stand() -> None:
    keys = AwsKeys(settings(credentials={"access_key_id": "AK", "secret_access_key": "SK", "session_token": "T"}))

    found = await keys.frozen()

    assert (found.access_key, found.secret_key, found.token) == ("AK", "SK", "T")


async def test_a_profile_is_read_from_the_shared_files(tmp_path: Path) -> None:
    (tmp_path / "credentials").write_text("[plant]\naws_access_key_id = PK\naws_secret_access_key = PS\n")

    found = await AwsKeys(settings(profile="plant")).frozen()

    assert (found.access_key, found.secret_key, found.token) == ("PK", "PS", None)


async def test_without_anything_set_the_usual_chain_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "EK")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "ES")

    found = await AwsKeys(settings()).frozen()

    assert (found.access_key, found.secret_key) == ("EK", "ES")


async def test_no_keys_anywhere_is_told_with_what_to_set() -> None:
    with pytest.raises(BackendUnavailable, match="Set credentials, profile or role_arn") as missing:
        await AwsKeys(settings()).frozen()

    assert missing.value.backend == "fleet"


async def test_an_unknown_profile_is_named() -> None:
    with pytest.raises(BackendUnavailable, match="Check the profile nowhere"):
        await AwsKeys(settings(profile="nowhere")).frozen()


@pytest.mark.parametrize(
    "wrong",
    [
        {"external_id": "abc"},
        {"profile": "plant", "credentials": {"access_key_id": "AK", "secret_access_key": "SK"}},
        {"region": "us east"},
        {"region": None},
        {"role_arn": "ota"},
    ],
)
def test_settings_that_contradict_themselves_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        settings(**wrong)


class TestAssumedRole:
    @staticmethod
    def keys(sts: ScriptedVendor, tmp_path: Path) -> AwsKeys:
        (tmp_path / "config").write_text(f"[default]\nendpoint_url = {sts.url}\n")
        static = {"access_key_id": "AK", "secret_access_key": "SK"}
        asked = settings(credentials=static, role_arn=ROLE, external_id="plant-7")
        return AwsKeys(asked, botocore.session.Session())

    async def test_a_role_is_assumed_with_the_keys_and_the_external_id(self, tmp_path: Path) -> None:
        async with ScriptedVendor() as sts:
            sts.answer(200, sts_answer("ROLEKEY", "2099-01-01T00:00:00Z"), headers={"Content-Type": "text/xml"})
            keys = self.keys(sts, tmp_path)

            found = await keys.frozen()
            again = await keys.frozen()

        assert (found.access_key, found.secret_key, found.token) == ("ROLEKEY", "role-secret", "role-token")
        assert again.access_key == "ROLEKEY"
        assert len(sts.requests) == 1
        asked = parse_qs(sts.requests[0].body.decode())
        assert asked["Action"] == ["AssumeRole"]
        assert asked["RoleArn"] == [ROLE]
        assert asked["ExternalId"] == ["plant-7"]
        assert "Credential=AK/" in sts.requests[0].headers["authorization"]

    async def test_many_callers_wait_for_one_look_up(self, tmp_path: Path) -> None:
        async with ScriptedVendor() as sts:
            sts.answer(200, sts_answer("ROLEKEY", "2099-01-01T00:00:00Z"), when="POST /", delay=0.05)
            keys = self.keys(sts, tmp_path)

            found = await asyncio.gather(*(keys.frozen() for _ in range(20)))

        assert {key.access_key for key in found} == {"ROLEKEY"}
        assert len(sts.requests) == 1

    async def test_keys_about_to_expire_are_refreshed(self, tmp_path: Path) -> None:
        nearly_over = (datetime.now(UTC) + timedelta(minutes=12)).strftime("%Y-%m-%dT%H:%M:%SZ")
        async with ScriptedVendor() as sts:
            sts.answer(200, sts_answer("FIRST", nearly_over))
            sts.answer(200, sts_answer("SECOND", "2099-01-01T00:00:00Z"))
            keys = self.keys(sts, tmp_path)

            first = await keys.frozen()
            second = await keys.frozen()

        assert (first.access_key, second.access_key) == ("FIRST", "SECOND")

    async def test_a_role_that_is_denied_is_told_without_secrets(self, tmp_path: Path) -> None:
        denied = (
            '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
            "<Code>AccessDenied</Code><Message>not you</Message></Error></ErrorResponse>"
        )
        async with ScriptedVendor() as sts:
            sts.answer(403, denied, when="POST /")

            with pytest.raises(BackendUnavailable, match=r"AccessDenied.*role_arn") as refused:
                await self.keys(sts, tmp_path).frozen()

        assert "SK" not in refused.value.message.split()

    async def test_a_caller_that_gives_up_leaves_the_look_up_to_the_next(self, tmp_path: Path) -> None:
        async with ScriptedVendor() as sts:
            sts.answer(200, sts_answer("ROLEKEY", "2099-01-01T00:00:00Z"), delay=0.1)
            keys = self.keys(sts, tmp_path)

            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.03):
                    await keys.frozen()
            found = await keys.frozen()

        assert found.access_key == "ROLEKEY"
        assert len(sts.requests) == 1
