"""AWS IoT's control plane (service `iot`, 2015-05-28): the operations used here, one method each.

Names are camelCase on the wire; every member of an answer may be missing or null, and unknown ones are ignored.
Times are seconds since the epoch. Raises what vendorkit.aws.rest_json raises.
"""

from collections.abc import Mapping

import msgspec

from gateway.vendorkit.aws.rest_json import Answered, ListCall, Nothing, RestJson, WirePage, path

SERVICE = "iot"

Time = float | str | None


class CamelCase(msgspec.Struct, rename="camel", kw_only=True):
    """Members in camelCase."""


class JobSummary(CamelCase, kw_only=True):
    """A row of ListJobs."""

    job_id: str
    job_arn: str | None = None
    target_selection: str | None = None
    status: str | None = None
    created_at: Time = None
    last_updated_at: Time = None
    completed_at: Time = None
    is_concurrent: bool | None = None


class JobProcessDetails(CamelCase, kw_only=True):
    """The counters of a job. They count executions, retries included, whatever their names say."""

    number_of_canceled_things: int | None = None
    number_of_succeeded_things: int | None = None
    number_of_failed_things: int | None = None
    number_of_rejected_things: int | None = None
    number_of_queued_things: int | None = None
    number_of_in_progress_things: int | None = None
    number_of_removed_things: int | None = None
    number_of_timed_out_things: int | None = None


class Job(JobSummary, kw_only=True):
    """A job as DescribeJob shows it."""

    description: str | None = None
    targets: list[str] | None = None
    comment: str | None = None
    reason_code: str | None = None
    force_canceled: bool | None = None
    job_process_details: JobProcessDetails | None = None
    destination_package_versions: list[str] | None = None


class ExecutionSummary(CamelCase, kw_only=True):
    """The nested part of a row of either list of executions."""

    status: str | None = None
    queued_at: Time = None
    started_at: Time = None
    last_updated_at: Time = None
    execution_number: int


class ExecutionForJob(CamelCase, kw_only=True):
    """A row of ListJobExecutionsForJob."""

    thing_arn: str
    job_execution_summary: ExecutionSummary


class ExecutionForThing(CamelCase, kw_only=True):
    """A row of ListJobExecutionsForThing."""

    job_id: str
    job_execution_summary: ExecutionSummary


class StatusDetails(CamelCase, kw_only=True):
    """What the device reported, in its own words."""

    details_map: dict[str, object] | None = None


class JobExecution(CamelCase, kw_only=True):
    """An execution as DescribeJobExecution shows it."""

    job_id: str | None = None
    thing_arn: str | None = None
    status: str | None = None
    status_details: StatusDetails | None = None
    queued_at: Time = None
    started_at: Time = None
    last_updated_at: Time = None
    execution_number: int
    version_number: int | None = None


class PackageSummary(CamelCase, kw_only=True):
    """A row of ListPackages, and what GetPackage shares with it."""

    package_name: str
    default_version_name: str | None = None


class PackageVersionSummary(CamelCase, kw_only=True):
    """A row of ListPackageVersions."""

    package_name: str | None = None
    version_name: str
    status: str | None = None
    creation_date: Time = None
    last_modified_date: Time = None


class PackageVersion(PackageVersionSummary, kw_only=True):
    """A package version as GetPackageVersion shows it."""

    package_version_arn: str | None = None
    description: str | None = None
    attributes: dict[str, object] | None = None


class _DescribedJob(CamelCase, kw_only=True):
    job: msgspec.Raw


class _DescribedExecution(CamelCase, kw_only=True):
    execution: msgspec.Raw


class _JobDocument(CamelCase, kw_only=True):
    document: str | None = None


def _list_call(operation: str, row: type, items: str) -> ListCall:  # type: ignore[type-arg]
    return ListCall(operation, row, items, size="maxResults", token_in="nextToken", token_out="nextToken")  # noqa: S106


LIST_JOBS: ListCall[JobSummary] = _list_call("ListJobs", JobSummary, "jobs")
LIST_FOR_JOB: ListCall[ExecutionForJob] = _list_call("ListJobExecutionsForJob", ExecutionForJob, "executionSummaries")
LIST_FOR_THING: ListCall[ExecutionForThing] = _list_call(
    "ListJobExecutionsForThing", ExecutionForThing, "executionSummaries"
)
LIST_PACKAGES: ListCall[PackageSummary] = _list_call("ListPackages", PackageSummary, "packageSummaries")
LIST_VERSIONS: ListCall[PackageVersionSummary] = _list_call(
    "ListPackageVersions", PackageVersionSummary, "packageVersionSummaries"
)


class AwsIotWire:
    """The operations."""

    def __init__(self, rest: RestJson) -> None:
        self._rest = rest

    # ------------------------------------------------------------------ jobs

    async def list_jobs(self, size: int, token: str | None) -> WirePage[JobSummary]:
        """ListJobs."""
        return await self._rest.page(LIST_JOBS, "/jobs", size=size, token=token)

    async def describe_job(self, job_id: str) -> Answered[Job]:
        """DescribeJob. `raw` is the job alone, without the `documentSource` beside it."""
        found = await self._rest.call("DescribeJob", _DescribedJob, "GET", path("jobs", job_id))
        return self._rest.inner("DescribeJob", found, found.shape.job, Job)

    async def get_job_document(self, job_id: str) -> str | None:
        """GetJobDocument: a JSON text."""
        found = await self._rest.call("GetJobDocument", _JobDocument, "GET", path("jobs", job_id, "job-document"))
        return found.shape.document

    async def create_job(self, job_id: str, body: Mapping[str, object]) -> Answered[Nothing]:
        """CreateJob."""
        return await self._rest.call("CreateJob", Nothing, "PUT", path("jobs", job_id), body=body, write=True)

    async def update_job(self, job_id: str, description: str | None) -> Answered[Nothing]:
        """UpdateJob."""
        body = {"description": description}
        return await self._rest.call("UpdateJob", Nothing, "PATCH", path("jobs", job_id), body=body, write=True)

    async def cancel_job(
        self, job_id: str, *, force: bool, reason_code: str | None, comment: str | None
    ) -> Answered[Nothing]:
        """CancelJob. `force` travels in the query, the rest in the body."""
        return await self._rest.call(
            "CancelJob",
            Nothing,
            "PUT",
            path("jobs", job_id, "cancel"),
            query={"force": force or None},
            body={"reasonCode": reason_code, "comment": comment},
            write=True,
        )

    async def delete_job(self, job_id: str, *, force: bool) -> Answered[Nothing]:
        """DeleteJob."""
        return await self._rest.call(
            "DeleteJob",
            Nothing,
            "DELETE",
            path("jobs", job_id),
            query={"force": force or None},
            write=True,
            force_helps=not force,
        )

    # ------------------------------------------------------------------ executions

    async def list_executions_for_job(
        self, job_id: str, status: str | None, size: int, token: str | None
    ) -> WirePage[ExecutionForJob]:
        """ListJobExecutionsForJob. `status` is one native execution status."""
        where = path("jobs", job_id, "things")
        return await self._rest.page(LIST_FOR_JOB, where, size=size, token=token, query={"status": status})

    async def list_executions_for_thing(
        self, thing_name: str, size: int, token: str | None
    ) -> WirePage[ExecutionForThing]:
        """ListJobExecutionsForThing."""
        return await self._rest.page(LIST_FOR_THING, path("things", thing_name, "jobs"), size=size, token=token)

    async def describe_execution(self, thing_name: str, job_id: str, number: str | None) -> Answered[JobExecution]:
        """DescribeJobExecution; without a number, the latest one."""
        found = await self._rest.call(
            "DescribeJobExecution",
            _DescribedExecution,
            "GET",
            path("things", thing_name, "jobs", job_id),
            query={"executionNumber": number},
        )
        return self._rest.inner("DescribeJobExecution", found, found.shape.execution, JobExecution)

    async def cancel_execution(
        self, thing_name: str, job_id: str, *, force: bool, expected_version: int | None, force_helps: bool
    ) -> Answered[Nothing]:
        """CancelJobExecution. It has no execution number: `expected_version` is what ties it to one."""
        return await self._rest.call(
            "CancelJobExecution",
            Nothing,
            "PUT",
            path("things", thing_name, "jobs", job_id, "cancel"),
            query={"force": force or None},
            body={"expectedVersion": expected_version},
            write=True,
            force_helps=force_helps,
        )

    async def delete_execution(self, thing_name: str, job_id: str, number: str, *, force: bool) -> Answered[Nothing]:
        """DeleteJobExecution."""
        return await self._rest.call(
            "DeleteJobExecution",
            Nothing,
            "DELETE",
            path("things", thing_name, "jobs", job_id, "executionNumber", number),
            query={"force": force or None},
            write=True,
            force_helps=not force,
        )

    # ------------------------------------------------------------------ packages

    async def list_packages(self, size: int, token: str | None) -> WirePage[PackageSummary]:
        """ListPackages."""
        return await self._rest.page(LIST_PACKAGES, path("packages"), size=size, token=token)

    async def list_package_versions(
        self, package_name: str, size: int, token: str | None
    ) -> WirePage[PackageVersionSummary]:
        """ListPackageVersions."""
        where = path("packages", package_name, "versions")
        return await self._rest.page(LIST_VERSIONS, where, size=size, token=token)

    async def get_package(self, package_name: str) -> Answered[PackageSummary]:
        """GetPackage, for the name of the default version."""
        return await self._rest.call("GetPackage", PackageSummary, "GET", path("packages", package_name))

    async def get_package_version(self, package_name: str, version_name: str) -> Answered[PackageVersion]:
        """GetPackageVersion."""
        where = path("packages", package_name, "versions", version_name)
        return await self._rest.call("GetPackageVersion", PackageVersion, "GET", where)

    async def delete_package_version(
        self, package_name: str, version_name: str, client_token: str
    ) -> Answered[Nothing]:
        """DeletePackageVersion: that version, never its package."""
        return await self._rest.call(
            "DeletePackageVersion",
            Nothing,
            "DELETE",
            path("packages", package_name, "versions", version_name),
            query={"clientToken": client_token},
            write=True,
        )
