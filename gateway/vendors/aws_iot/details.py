"""What AWS IoT says of a job and of a package version beyond the neutral model."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from gateway.domain.details import JsonValue


@dataclass(slots=True, kw_only=True)
class AwsIotJobDetails:
    """A job.

    The document costs a call of its own (GetJobDocument), so it is fetched by `read_document` when it is asked for.
    """

    job_arn: str
    target_selection: str | None = None
    targets: list[str]
    is_concurrent: bool | None = None
    document: str | None = None
    comment: str | None = None
    reason_code: str | None = None
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

    package_name: str
    version_name: str
    is_default: bool | None = None
    attributes: JsonValue | None = None
