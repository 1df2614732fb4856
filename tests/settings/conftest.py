"""Two vendors that exist for these tests only, so that no installed vendor's wording is relied on."""

from typing import Any, Literal

import pytest
from pydantic import Field, SecretStr

from gateway.vendorkit.manifest import VendorManifest
from gateway.vendorkit.settings import AwsCredentials, BackendSettings, Strict


class NorthSettings(BackendSettings):
    region: str
    credentials: AwsCredentials | None = None


class Keys(Strict):
    access_key: str = Field(min_length=1)
    secret_key: SecretStr


class User(Strict):
    domain: str
    user: str
    password: SecretStr


class SouthSettings(BackendSettings):
    project_id: str = Field(pattern=r"^[0-9a-f]{4,32}$")
    signing: Literal["plain", "derived"] = "plain"
    credentials: Keys | User
    extra_params: dict[str, str] = Field(default_factory=dict)


def _unused(*_: Any) -> Any:
    raise AssertionError("a configuration is read without running a vendor")


def _manifest(slug: str, model: type[BackendSettings]) -> VendorManifest:
    return VendorManifest(
        slug=slug, vendor=slug.upper().replace("-", "_"), title=slug.title(), capabilities=(), settings=lambda: model,
        endpoint=_unused, adapter=_unused, simulator=_unused, demo_settings=_unused,
        task_page_size=1, package_page_size=1, execution_page_size=1,
    )  # fmt: skip


@pytest.fixture
def vendors() -> dict[str, VendorManifest]:
    return {"north-ota": _manifest("north-ota", NorthSettings), "south-ota": _manifest("south-ota", SouthSettings)}
