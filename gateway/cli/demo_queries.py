"""What the demo suggests to ask, ready to paste into the explorer."""

ANY_RUNNING_TASK = "{ tasks(first: 1, filter: {status: [IN_PROGRESS]}) { nodes { id } } }"

_MERGED_LIST = """\
{
  tasks(first: 10) {
    nodes { name status vendorStatus createdAt backend { name vendor } }
    backends { name status error { message } }
  }
}"""

_NESTED_EXECUTIONS = """\
{
  tasks(first: 4, filter: {status: [IN_PROGRESS]}) {
    nodes {
      name
      progress { percent source }
      executions(first: 3) { nodes { device { name } status vendorStatus } }
    }
  }
}"""

_PACKAGES = """\
{
  packages(first: 10) {
    nodes { name version kind status backend { name } allowedOperations { operation allowed reason } }
  }
}"""

_DRY_RUN = """\
mutation {
  cancelOtaTask(input: {id: "%s", dryRun: true, reason: "trying it out"}) {
    outcome
    preview { affected sideEffects wouldRefuse { code message } }
    errors { code message }
  }
}"""


def example_queries(task_id: str | None) -> list[tuple[str, str]]:
    """A title and a document each. `task_id` is what the dry run names."""
    return [
        ("All tasks of all vendors, newest first", _MERGED_LIST),
        ("What is running, device by device", _NESTED_EXECUTIONS),
        ("Packages, and what may be done with them", _PACKAGES),
        ("What would happen if a task were cancelled: nothing is", _DRY_RUN % (task_id or "the id of a task")),
    ]
