"""How to reach and sign for one Tuya instance."""

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from gateway.vendorkit.settings import BackendSettings, Strict

OWN_PARAMETERS = frozenset({"Action", "AccessKeyId", "Signature", "SignatureMethod", "SignatureNonce", "Timestamp"})


def _not_our_own(extra: dict[str, str]) -> dict[str, str]:
    if taken := sorted(OWN_PARAMETERS & extra.keys()):
        raise ValueError(f"the gateway sets {', '.join(taken)} itself")
    return extra


class TuyaCredentials(Strict):
    """A key from the console's AccessKey page."""

    access_key_id: str = Field(min_length=1, description="The key's public half.")
    access_key_secret: SecretStr = Field(description="Its secret half.")


class TuyaSettings(BackendSettings):
    """One instance."""

    endpoint: str = Field(
        pattern=r"^https?://[^/\s?#@]+/?$", description="Such as https://si-<instance id>.tuyacloud.com:8686."
    )
    credentials: TuyaCredentials
    extra_params: Annotated[dict[str, str], AfterValidator(_not_our_own)] = Field(
        default_factory=dict,
        description="Sent and signed with every call, such as Version, Format and SignatureVersion.",
    )
    product_keys: tuple[str, ...] | None = Field(
        None, min_length=1, description="List only the packages, and their batches, of these products."
    )
    not_found_codes: tuple[str, ...] = Field(
        (), description="Codes that mean an object does not exist, beside iot.ota.*NotFound and iot.ota.*NotExist."
    )
