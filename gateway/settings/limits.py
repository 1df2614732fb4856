"""The section `limits` of the configuration: what one request, and one principal, may ask for."""

from dataclasses import fields
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from gateway.domain.limits import Limits
from gateway.vendorkit.settings import Strict

_USUAL = Limits()
_RATE_WITH_AUTHENTICATION = 100.0


class DocumentSettings(Strict):
    """Which documents are executed."""

    mode: Literal["any", "only"] = Field(
        default="any", description="any: whatever clients send. only: the manifest's documents, and nothing else."
    )
    manifest: Path | None = Field(
        default=None,
        description="Trusted documents: a JSON file as Apollo's or Relay's tools write it, or a folder.",
    )

    @model_validator(mode="after")
    def _has_what_it_trusts(self) -> "DocumentSettings":
        if self.mode == "only" and self.manifest is None:
            raise ValueError("this mode needs a manifest, or nothing could be executed")
        return self


class LimitSettings(Strict):
    """What one request, and one principal, may ask for."""

    body_bytes: int = Field(default=1024 * 1024, ge=1024, description="The longest body of a request, in bytes.")
    characters: int = Field(default=_USUAL.characters, ge=100, description="The longest document.")
    tokens: int = Field(default=_USUAL.tokens, ge=10, description="Names, signs, values and comments of a document.")
    definitions: int = Field(
        default=_USUAL.definitions, ge=1, le=1000, description="Operations and fragments of a document."
    )
    depth: int = Field(
        default=_USUAL.depth, ge=1, le=60, description="Selections inside one another, those of fragments included."
    )
    selections: int = Field(
        default=_USUAL.selections,
        ge=1,
        description="Fields and fragments, each fragment's counted wherever it is spread.",
    )
    root_fields: int = Field(default=_USUAL.root_fields, ge=1, description="Fields at the root of an operation.")
    aliases: int = Field(
        default=_USUAL.aliases, ge=0, description="Aliases, each fragment's counted wherever it is spread."
    )
    repeats: int = Field(default=_USUAL.repeats, ge=1, description="Fields of one name in one selection.")
    directives: int = Field(default=_USUAL.directives, ge=0, description="Directives of a document.")
    value_depth: int = Field(
        default=_USUAL.value_depth, ge=2, le=40, description="Lists and objects inside one another in a value."
    )
    list_length: int = Field(default=_USUAL.list_length, ge=1, description="Entries of a list in a value.")
    variables: int = Field(default=_USUAL.variables, ge=0, description="Variables of an operation, and of a request.")
    variable_values: int = Field(
        default=_USUAL.variable_values, ge=1, description="Values in all variables of a request together."
    )
    objects: int = Field(
        default=_USUAL.objects, ge=1, description="Objects that may come back, as `first` and lists of ids have it."
    )
    requests_per_second: float | None = Field(
        default=None,
        gt=0,
        description="Operations a second that one principal may ask for. Unless set, "
        f"{_RATE_WITH_AUTHENTICATION:g} with authentication, and any number without.",
    )
    requests_burst: float | None = Field(
        default=None, ge=1, description="Operations at once after a pause. Unless set, twice requests_per_second."
    )
    documents: DocumentSettings = Field(default_factory=DocumentSettings, description="Which documents are executed.")

    @property
    def of_documents(self) -> Limits:
        """What bounds a document, its variables and its answer."""
        return Limits(**{one.name: getattr(self, one.name) for one in fields(Limits)})

    def rate(self, *, authenticated: bool, processes: int) -> tuple[float, float] | None:
        """How many operations a second one principal has in each of so many processes, and how many at once."""
        whole = self.requests_per_second or (_RATE_WITH_AUTHENTICATION if authenticated else None)
        return None if whole is None else (whole / processes, (self.requests_burst or 2 * whole) / processes)
