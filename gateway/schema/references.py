"""Types that refer to one another in a circle, by name."""

from typing import TYPE_CHECKING, Annotated, Any

import strawberry

if TYPE_CHECKING:
    from gateway.schema.executions.types import OtaExecution, OtaExecutionConnection
    from gateway.schema.packages.types import OtaPackage
    from gateway.schema.tasks.types import OtaTask, OtaTaskConnection

TASK: Any = Annotated["OtaTask", strawberry.lazy("gateway.schema.tasks.types")]
TASK_CONNECTION: Any = Annotated["OtaTaskConnection", strawberry.lazy("gateway.schema.tasks.types")]
PACKAGE: Any = Annotated["OtaPackage", strawberry.lazy("gateway.schema.packages.types")]
EXECUTION: Any = Annotated["OtaExecution", strawberry.lazy("gateway.schema.executions.types")]
EXECUTION_CONNECTION: Any = Annotated["OtaExecutionConnection", strawberry.lazy("gateway.schema.executions.types")]
