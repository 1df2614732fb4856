"""Hive Gateway over OpenAPI sources: it cannot merge lists, so it is asked for all four, as the vendor has them."""

from typing import Any

from benchmarks.fleet import BACKENDS
from benchmarks.shapes import Shape
from gateway.domain.ids import Kind, ObjectId, encode, generation_of
from gateway.schema.scalars import print_moment
from gateway.vendorkit.times import from_epoch

# Seven fields, as the others are asked for.
_FIELDS = "jobId jobArn status targetSelection createdAt lastUpdatedAt isConcurrent"
_STATUS = {"DELETION_IN_PROGRESS": "DELETING"}


def document(shape: Shape) -> str | None:
    """Four root fields; None for whatever is not a flat list."""
    if not shape.name.startswith("flat-"):
        return None
    lists = (f"list{n}: fleet{n}_listJobs(maxResults: 250) {{ jobs {{ {_FIELDS} }} }}" for n in range(1, 5))
    return f"{{ {' '.join(lists)} }}"


def in_common_words(content: dict[str, Any]) -> dict[str, Any]:
    """Its four lists as the one that the others answer: what a caller would have left to do."""
    jobs = [(name, job) for n, name in enumerate(BACKENDS, 1) for job in content["data"][f"list{n}"]["jobs"]]
    nodes = sorted((_node(name, job) for name, job in jobs), key=lambda node: node["id"])
    nodes.sort(key=lambda node: str(node["createdAt"]), reverse=True)
    return {"data": {"tasks": {"nodes": nodes}}}


def _node(backend: str, job: dict[str, Any]) -> dict[str, Any]:
    created, status = from_epoch(job["createdAt"]), job["status"]
    canceling = status == "CANCELED" and job["isConcurrent"]
    return {
        "id": encode(ObjectId(Kind.TASK, backend, (job["jobId"],), generation_of(created))),
        "name": job["jobId"],
        "status": "CANCELING" if canceling else _STATUS.get(status, status),
        "vendorStatus": status,
        "createdAt": print_moment(created),
        "updatedAt": print_moment(from_epoch(job["lastUpdatedAt"])),
        "backend": {"name": backend},
    }
