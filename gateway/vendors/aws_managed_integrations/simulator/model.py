"""The operations that are served, with the members and limits that the model `iot-managed-integrations` states."""

from gateway.vendorkit.simulation.rest_json import Operation
from gateway.vendorkit.simulation.shapes import Entries, Items, Members, Number, Shape, Text

EXECUTION_STATUSES = ("QUEUED", "IN_PROGRESS", "SUCCEEDED", "FAILED", "TIMED_OUT", "REJECTED", "REMOVED", "CANCELED")

_CONFIGURATION_ID = Text(least=1, most=64, pattern=r"[a-zA-Z0-9]*")
_DESCRIPTION = Text(least=1, most=256, pattern=r"[0-9A-Za-z_\- ]+")
_CLIENT_TOKEN = Text(least=1, most=64, pattern=r"[a-zA-Z0-9=_-]+")

LABELS: dict[str, Shape] = {
    "TaskIdentifier": Text(least=1, most=200, pattern=r"[A-Za-z0-9]+"),
    "ConfigurationIdentifier": _CONFIGURATION_ID,
}

_SIZE = Number(least=1, most=1000)
_PAGE: dict[str, Shape] = {"MaxResults": _SIZE, "NextToken": Text(least=1, most=65535, pattern=r"[a-zA-Z0-9=_+/-]+")}
_CONFIGURATION_PAGE: dict[str, Shape] = {
    "MaxResults": _SIZE,
    "NextToken": Text(least=1, most=65535, pattern=r"[a-zA-Z0-9=_-]+"),
}

_WINDOW = Members(of={"DurationInMinutes": Number(least=1, most=1430), "StartTime": Text()})
_SCHEDULE = Members(
    of={
        "EndBehavior": Text(one_of=("STOP_ROLLOUT", "CANCEL", "FORCE_CANCEL")),
        "EndTime": Text(),
        "MaintenanceWindows": Items(of=_WINDOW),
        "StartTime": Text(),
    }
)
_RETRY = Members(
    of={"FailureType": Text(one_of=("FAILED", "TIMED_OUT", "ALL")), "MinNumberOfRetries": Number(least=0, most=10)}
)
_CREATE_TASK = Members(
    of={
        "Description": _DESCRIPTION,
        "S3Url": Text(least=1, most=1000),
        "Protocol": Text(one_of=("HTTP",)),
        "Target": Items(of=Text(), most=100),
        "TaskConfigurationId": _CONFIGURATION_ID,
        "OtaMechanism": Text(one_of=("PUSH",)),
        "OtaType": Text(one_of=("ONE_TIME", "CONTINUOUS")),
        "OtaTargetQueryString": Text(),
        "ClientToken": _CLIENT_TOKEN,
        "OtaSchedulingConfig": _SCHEDULE,
        "OtaTaskExecutionRetryConfig": Members(of={"RetryConfigCriteria": Items(of=_RETRY)}),
        "Tags": Entries(key=Text(least=1, most=128), value=Text(most=256), least=1, most=50),
    },
    required=("S3Url", "OtaType"),
)
_ABORT = Members(
    of={
        "Action": Text(one_of=("CANCEL",)),
        "FailureType": Text(one_of=("FAILED", "REJECTED", "TIMED_OUT", "ALL")),
        "MinNumberOfExecutedThings": Number(least=1, most=100),
        "ThresholdPercentage": Number(most=100, fraction=True),
    }
)
_ROLLOUT_RATE = Members(
    of={
        "BaseRatePerMinute": Number(least=1, most=100),
        "IncrementFactor": Number(least=1.1, most=5, fraction=True),
        "RateIncreaseCriteria": Members(
            of={
                "numberOfNotifiedThings": Number(least=1, most=100),
                "numberOfSucceededThings": Number(least=1, most=100),
            }
        ),
    }
)
_CREATE_CONFIGURATION = Members(
    of={
        "Description": _DESCRIPTION,
        "Name": Text(least=1, most=128, pattern=r"[A-Za-z0-9\-_ ]+"),
        "PushConfig": Members(
            of={
                "AbortConfig": Members(of={"AbortConfigCriteriaList": Items(of=_ABORT)}),
                "RolloutConfig": Members(
                    of={"ExponentialRolloutRate": _ROLLOUT_RATE, "MaximumPerMinute": Number(least=1)}
                ),
                "TimeoutConfig": Members(of={"InProgressTimeoutInMinutes": Number(least=1, most=10080)}),
            }
        ),
        "ClientToken": _CLIENT_TOKEN,
    }
)
_UPDATE_TASK = Members(of={"Description": _DESCRIPTION, "TaskConfigurationId": _CONFIGURATION_ID})


def _operation(
    name: str, method: str, path: str, status: int = 200, *, query: dict[str, Shape] | None = None,
    body: Members | None = None,
) -> Operation:  # fmt: skip
    return Operation(
        name=name, method=method, path=path, status=status, query=query or {}, body=body,
        unavailable="ServiceUnavailableException", broken="InternalServerException",
    )  # fmt: skip


_TASK = "/ota-tasks/{TaskIdentifier}"
_CONFIGURATION = "/ota-task-configurations/{ConfigurationIdentifier}"

OPERATIONS = (
    _operation("CreateOtaTask", "POST", "/ota-tasks", 201, body=_CREATE_TASK),
    _operation("GetOtaTask", "GET", _TASK),
    _operation("ListOtaTasks", "GET", "/ota-tasks", query=_PAGE),
    _operation("UpdateOtaTask", "PUT", _TASK, 204, body=_UPDATE_TASK),
    _operation("DeleteOtaTask", "DELETE", _TASK),
    _operation("ListOtaTaskExecutions", "GET", _TASK + "/devices", query=_PAGE),
    _operation("CreateOtaTaskConfiguration", "POST", "/ota-task-configurations", 201, body=_CREATE_CONFIGURATION),
    _operation("GetOtaTaskConfiguration", "GET", _CONFIGURATION),
    _operation("ListOtaTaskConfigurations", "GET", "/ota-task-configurations", query=_CONFIGURATION_PAGE),
    _operation("DeleteOtaTaskConfiguration", "DELETE", _CONFIGURATION, 204),
)
