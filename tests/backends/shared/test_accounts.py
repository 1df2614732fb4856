"""Who shares: backends that show the same objects, and no others."""

from collections.abc import Mapping

from pydantic import SecretStr

from gateway.backends.shared.names import account_of, key
from gateway.vendorkit.settings import AwsCredentials, BackendSettings


class LabSettings(BackendSettings):
    project: str = "p"
    credentials: AwsCredentials | None = None


def account(endpoint: str = "http://vendor", **members: object) -> str:
    given: Mapping[str, object] = {"name": "lab", "vendor": "lab", **members}
    return account_of(LabSettings.model_validate(given), endpoint)


def credentials(key_id: str, secret: str) -> AwsCredentials:
    return AwsCredentials(access_key_id=key_id, secret_access_key=SecretStr(secret))


def test_what_decides_whose_objects_are_shown_tells_accounts_apart() -> None:
    others = [
        account("http://elsewhere"),
        account(name="lab2"),
        account(vendor="other"),
        account(project="q"),
        account(credentials=credentials("one", "s")),
        account(credentials=credentials("two", "s")),
    ]
    assert len({account(), *others}) == len(others) + 1


def test_pace_and_permission_to_write_do_not() -> None:
    assert account(calls_per_second=3, cache_ttl="1s", timeout="9s", read_only=True) == account()


def test_a_secret_neither_shows_nor_matters() -> None:
    one, other = (account(credentials=credentials("one", secret)) for secret in ("hunter2", "changed"))
    assert one == other
    assert "hunter2" not in key(one, "budget")
    assert key(one, "budget").startswith("ota-gateway:1:lab:")
