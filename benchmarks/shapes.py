"""The questions: one document per shape, the very same for every server (Hive Gateway has its own, see hive.py)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.fleet import EXECUTIONS_PER_JOB

TASK_FIELDS = "id name status vendorStatus createdAt updatedAt backend { name }"
_EXECUTION_FIELDS = "id status vendorStatus queuedAt updatedAt device { name }"


@dataclass(frozen=True, slots=True)
class Shape:
    """A question. `jobs` is how many each of the four backends holds.

    `unseen` gets new aliases in every request, `by_id` asks for one task, `nested` for executions of each.
    """

    name: str
    title: str
    jobs: int
    document: str
    unseen: bool = False
    by_id: bool = False
    nested: bool = False

    def with_aliases(self) -> str:
        """The document with an alias at every field of the rows and at the list; each @ becomes a new name."""
        return re.sub(r"\b(tasks|id|name|status|vendorStatus|createdAt|updatedAt|backend)\b", r"@: \1", self.document)


def _flat(jobs: int) -> str:
    return f"{{ tasks(first: {4 * jobs}) {{ nodes {{ {TASK_FIELDS} }} }} }}"


SHAPES: Sequence[Shape] = (
    Shape("flat-4x10", "flat list, 4 x 10 tasks", 10, _flat(10)),
    Shape("flat-4x25", "flat list, 4 x 25 tasks", 25, _flat(25)),
    Shape("flat-4x250", "flat list, 4 x 250 tasks", 250, _flat(250)),
    Shape(
        "connection-4x25",
        "connection: edges, pageInfo, backends, 4 x 25 tasks",
        25,
        f"{{ tasks(first: 100) {{ edges {{ cursor node {{ {TASK_FIELDS} }} }} "
        "pageInfo { hasNextPage hasPreviousPage startCursor endCursor } backends { name status } } }",
    ),
    Shape(
        "nested-4x10x20",
        f"4 x 10 tasks with {EXECUTIONS_PER_JOB} executions each",
        10,
        f"{{ tasks(first: 40) {{ nodes {{ {TASK_FIELDS} executions(first: {EXECUTIONS_PER_JOB}) "
        f"{{ nodes {{ {_EXECUTION_FIELDS} }} }} }} }} }}",
        nested=True,
    ),
    Shape("one-task", "one task by id", 25, f"query One($id: ID!) {{ task(id: $id) {{ {TASK_FIELDS} }} }}", by_id=True),
    Shape("unseen-4x10", "flat list, 4 x 10 tasks, a new document each time", 10, _flat(10), unseen=True),
)
