"""The section `limits` of the configuration: what one request, and one principal, may ask for."""

from pydantic import Field

from gateway.vendorkit.settings import Strict


class LimitSettings(Strict):
    """What one request, and one principal, may ask for."""

    body_bytes: int = Field(default=1024 * 1024, ge=1024, description="The longest body of a request.")
