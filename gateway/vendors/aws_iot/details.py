"""What AWS IoT says of a job and of a package version beyond the neutral model."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from gateway.domain.details import JsonValue


@dataclass(slots=True, kw_only=True)
class AwsIotJobDetails:
    """A job.

    The document costs a call of its own (GetJobDocument), so it is fetched by `read_document` when it is asked for.
    """

    job_arn: str = field(metadata={"description": "Its ARN; empty where AWS did not send it."})
    target_selection: str | None = field(
        default=None,
        metadata={
            "description": "SNAPSHOT: the things that were there when it began. CONTINUOUS: also those that join later."
        },
    )
    targets: list[str] = field(metadata={"description": "ARNs of things and thing groups."})
    is_concurrent: bool | None = field(
        default=None, metadata={"description": "Whether executions are being rolled out or cancelled at this moment."}
    )
    document: str | None = field(
        default=None, metadata={"description": "The job document, a JSON text. Selecting it costs a call."}
    )
    comment: str | None = field(
        default=None, metadata={"description": "What the last change or cancel said of itself."}
    )
    reason_code: str | None = field(
        default=None,
        metadata={"description": "Why it was last changed or cancelled, as a code; an abort by AWS fills it too."},
    )
    _read_document: Callable[[], Awaitable[str | None]] | None = field(default=None, repr=False, compare=False)

    def bind(self, read_document: Callable[[], Awaitable[str | None]]) -> None:
        """Give the details the call that fetches the document."""
        self._read_document = read_document

    async def read_document(self) -> str | None:
        """The job document, a JSON text; None when the job has none. Raises a GatewayError when it cannot be had."""
        if self.document is None and self._read_document is not None:
            self.document = await self._read_document()
        return self.document


@dataclass(slots=True, kw_only=True)
class AwsIotPackageVersionDetails:
    """A package version. `is_default`: the version its package offers by default; it cannot be deleted."""

    package_name: str = field(metadata={"description": "The package above the version."})
    version_name: str = field(metadata={"description": "The version's name."})
    is_default: bool | None = field(
        default=None, metadata={"description": "Whether its package offers it by default; if so, it cannot be deleted."}
    )
    attributes: JsonValue | None = field(
        default=None, metadata={"description": "The version's own attributes, an object of strings."}
    )
