"""The section `auth` of the configuration: who may call, and what each may do."""

from typing import Literal

from pydantic import Field, field_validator

from gateway.vendorkit.settings import Strict


class AuthSettings(Strict):
    """Who may call."""

    mode: Literal["none"] = Field(
        default="none", description="none: whoever reaches the loopback address may do everything."
    )

    @field_validator("mode", mode="before")
    @classmethod
    def _known(cls, mode: object) -> object:
        # `mode: none` and an unquoted null are easily confused.
        if mode != "none":
            raise ValueError("expected none")
        return mode
