"""The operations that are served, with the members and limits that the service model of `iot` 2015-05-28 states."""

from gateway.vendorkit.simulation.rest_json import Operation
from gateway.vendorkit.simulation.shapes import Entries, Flag, Items, Members, Number, Shape, Text

JOB_STATUSES = ("IN_PROGRESS", "CANCELED", "COMPLETED", "DELETION_IN_PROGRESS", "SCHEDULED")
EXECUTION_STATUSES = ("QUEUED", "IN_PROGRESS", "SUCCEEDED", "FAILED", "TIMED_OUT", "REJECTED", "REMOVED", "CANCELED")

_JOB_ID = Text(least=1, most=64, pattern=r"[a-zA-Z0-9_-]+")
_VERSION_NAME = Text(least=1, most=64, pattern=r"[a-zA-Z0-9\-_.]+")
_ARN = Text(least=1, most=1600, pattern=r"arn:[!-~]+")
_COMMENT = Text(most=2028, printable=True)
_NAMESPACE = Text(pattern=r"[a-zA-Z0-9_-]+")
_SELECTION = Text(one_of=("CONTINUOUS", "SNAPSHOT"))
_STATUS = Text(one_of=EXECUTION_STATUSES)
_TAG_KEY = Text(least=1, most=128, pattern=r"[^\x00-\x1f]*")

LABELS: dict[str, Shape] = {
    "jobId": _JOB_ID,
    "thingName": Text(least=1, most=128, pattern=r"[a-zA-Z0-9:_-]+"),
    "executionNumber": Number(least=0),
    "packageName": Text(least=1, most=128, pattern=r"[a-zA-Z0-9\-_.]+"),
    "versionName": _VERSION_NAME,
}

_JOB_PAGE: dict[str, Shape] = {"maxResults": Number(least=1, most=250), "nextToken": Text()}
_PACKAGE_PAGE: dict[str, Shape] = {"maxResults": Number(least=1, most=100), "nextToken": Text()}
_CLIENT_TOKEN: dict[str, Shape] = {"clientToken": Text(least=36, most=64, pattern=r"\S+")}

_RATE_INCREASE = Members(of={"numberOfNotifiedThings": Number(least=1), "numberOfSucceededThings": Number(least=1)})
_ROLLOUT_RATE = Members(
    of={
        "baseRatePerMinute": Number(least=1, most=1000),
        "incrementFactor": Number(least=1.1, most=5, fraction=True),
        "rateIncreaseCriteria": _RATE_INCREASE,
    },
    required=("baseRatePerMinute", "incrementFactor", "rateIncreaseCriteria"),
)
_ABORT = Members(
    of={
        "failureType": Text(one_of=("FAILED", "REJECTED", "TIMED_OUT", "ALL")),
        "action": Text(one_of=("CANCEL",)),
        "thresholdPercentage": Number(most=100, fraction=True),
        "minNumberOfExecutedThings": Number(least=1),
    },
    required=("failureType", "action", "thresholdPercentage", "minNumberOfExecutedThings"),
)
_RETRY = Members(
    of={"failureType": Text(one_of=("FAILED", "TIMED_OUT", "ALL")), "numberOfRetries": Number(least=0, most=10)},
    required=("failureType", "numberOfRetries"),
)
_WINDOW = Members(
    of={"startTime": Text(least=1, most=256), "durationInMinutes": Number(least=1, most=1430)},
    required=("startTime", "durationInMinutes"),
)
_SCHEDULE = Members(
    of={
        "startTime": Text(least=1, most=64),
        "endTime": Text(least=1, most=64),
        "endBehavior": Text(one_of=("STOP_ROLLOUT", "CANCEL", "FORCE_CANCEL")),
        "maintenanceWindows": Items(of=_WINDOW),
    }
)
CHANGEABLE: dict[str, Shape] = {
    "description": _COMMENT,
    "presignedUrlConfig": Members(
        of={"roleArn": Text(least=20, most=2048), "expiresInSec": Number(least=60, most=3600)}
    ),
    "jobExecutionsRolloutConfig": Members(
        of={"maximumPerMinute": Number(least=1, most=1000), "exponentialRate": _ROLLOUT_RATE}
    ),
    "abortConfig": Members(of={"criteriaList": Items(of=_ABORT, least=1)}, required=("criteriaList",)),
    "timeoutConfig": Members(of={"inProgressTimeoutInMinutes": Number(least=1, most=10080)}),
    "jobExecutionsRetryConfig": Members(
        of={"criteriaList": Items(of=_RETRY, least=1, most=2)}, required=("criteriaList",)
    ),
}
_CREATE_JOB = Members(
    of={
        "targets": Items(of=Text(most=2048), least=1, most=100),
        "documentSource": Text(least=1, most=1350),
        "document": Text(most=32768),
        "targetSelection": _SELECTION,
        "tags": Items(of=Members(of={"Key": _TAG_KEY, "Value": Text(most=256)}, required=("Key",))),
        "namespaceId": _NAMESPACE,
        "jobTemplateArn": _ARN,
        "documentParameters": Entries(
            key=Text(least=1, most=128, pattern=r"[a-zA-Z0-9_-]+"), value=Text(least=1, most=30720, printable=True)
        ),
        "schedulingConfig": _SCHEDULE,
        "destinationPackageVersions": Items(of=_ARN, most=25),
        **CHANGEABLE,
    },
    required=("targets",),
)
_CANCEL_JOB = Members(of={"reasonCode": Text(most=128, pattern=r"[A-Z0-9_]+"), "comment": _COMMENT})
_CANCEL_EXECUTION = Members(
    of={
        "expectedVersion": Number(),
        "statusDetails": Entries(
            key=Text(least=1, most=128, pattern=r"[a-zA-Z0-9:_-]+"), value=Text(least=1, printable=True), most=10
        ),
    }
)

_TAGS = Entries(key=_TAG_KEY, value=Text(most=256), least=1, most=50)
_DESCRIPTION = Text(most=1024, printable=True)
_S3 = Members(of={"bucket": Text(least=1), "key": Text(least=1), "version": Text()})
_VERSION: dict[str, Shape] = {
    "description": _DESCRIPTION,
    "attributes": Entries(key=Text(least=1, pattern=r"[a-zA-Z0-9:_-]+"), value=Text(least=1, printable=True)),
    "artifact": Members(of={"s3Location": _S3}),
    "recipe": Text(most=3072),
}


def _job(
    name: str, method: str, path: str, query: dict[str, Shape] | None = None, body: Members | None = None
) -> Operation:
    return Operation(
        name=name, method=method, path=path, query=query or {}, body=body, invalid="InvalidRequestException",
        unavailable="ServiceUnavailableException",
    )  # fmt: skip


def _package(
    name: str, method: str, path: str, query: dict[str, Shape] | None = None, body: Members | None = None
) -> Operation:
    # No quota of the package operations was found in AWS's lists; ten a second is the neighbours' figure.
    return Operation(
        name=name, method=method, path=path, query=query or {}, body=body, broken="InternalServerException"
    )


_FORCE: dict[str, Shape] = {"force": Flag()}
_SPACE: dict[str, Shape] = {"namespaceId": _NAMESPACE}
_EXECUTION = "/things/{thingName}/jobs/{jobId}"
_PACKAGE = "/packages/{packageName}"
_PACKAGE_VERSION = "/packages/{packageName}/versions/{versionName}"
_LIST_JOBS: dict[str, Shape] = {
    "status": Text(one_of=JOB_STATUSES),
    "targetSelection": _SELECTION,
    "thingGroupName": Text(least=1, most=128, pattern=r"[a-zA-Z0-9:_-]+"),
    "thingGroupId": Text(least=1, most=128, pattern=r"[a-zA-Z0-9\-]+"),
    **_SPACE,
    **_JOB_PAGE,
}

OPERATIONS = (
    _job("ListJobs", "GET", "/jobs", _LIST_JOBS),
    _job("DescribeJob", "GET", "/jobs/{jobId}", {"beforeSubstitution": Flag()}),
    _job("GetJobDocument", "GET", "/jobs/{jobId}/job-document", {"beforeSubstitution": Flag()}),
    _job("CreateJob", "PUT", "/jobs/{jobId}", body=_CREATE_JOB),
    _job("UpdateJob", "PATCH", "/jobs/{jobId}", _SPACE, Members(of=CHANGEABLE)),
    _job("CancelJob", "PUT", "/jobs/{jobId}/cancel", _FORCE, _CANCEL_JOB),
    _job("DeleteJob", "DELETE", "/jobs/{jobId}", {**_FORCE, **_SPACE}),
    _job("ListJobExecutionsForJob", "GET", "/jobs/{jobId}/things", {"status": _STATUS, **_JOB_PAGE}),
    _job("ListJobExecutionsForThing", "GET", "/things/{thingName}/jobs",
         {"status": _STATUS, "jobId": _JOB_ID, **_SPACE, **_JOB_PAGE}),
    _job("DescribeJobExecution", "GET", _EXECUTION, {"executionNumber": Number()}),
    _job("CancelJobExecution", "PUT", _EXECUTION + "/cancel", _FORCE, _CANCEL_EXECUTION),
    _job("DeleteJobExecution", "DELETE", _EXECUTION + "/executionNumber/{executionNumber}", {**_FORCE, **_SPACE}),
    _job("DescribeEndpoint", "GET", "/endpoint", {"endpointType": Text(most=128)}),
    _package("ListPackages", "GET", "/packages", _PACKAGE_PAGE),
    _package("GetPackage", "GET", _PACKAGE),
    _package("CreatePackage", "PUT", _PACKAGE, _CLIENT_TOKEN, Members(of={"description": _DESCRIPTION, "tags": _TAGS})),
    _package("UpdatePackage", "PATCH", _PACKAGE, _CLIENT_TOKEN, Members(
        of={"description": _DESCRIPTION, "defaultVersionName": _VERSION_NAME, "unsetDefaultVersion": Flag()})),
    _package("DeletePackage", "DELETE", _PACKAGE, _CLIENT_TOKEN),
    _package("ListPackageVersions", "GET", "/packages/{packageName}/versions",
             {"status": Text(one_of=("DRAFT", "PUBLISHED", "DEPRECATED")), **_PACKAGE_PAGE}),
    _package("GetPackageVersion", "GET", _PACKAGE_VERSION),
    _package("CreatePackageVersion", "PUT", _PACKAGE_VERSION, _CLIENT_TOKEN, Members(of={**_VERSION, "tags": _TAGS})),
    _package("UpdatePackageVersion", "PATCH", _PACKAGE_VERSION, _CLIENT_TOKEN,
             Members(of={**_VERSION, "action": Text(one_of=("PUBLISH", "DEPRECATE"))})),
    _package("DeletePackageVersion", "DELETE", _PACKAGE_VERSION, _CLIENT_TOKEN),
)  # fmt: skip
