"""Devices: who is updated."""

from dataclasses import dataclass
from urllib.parse import unquote

from gateway.domain.backend import Backend
from gateway.domain.errors import InvalidInput
from gateway.domain.ids import Kind, ObjectId, encode, percent_encoded


@dataclass(slots=True, kw_only=True)
class Device:
    """One device of one backend. `urn` is `backend/name` or `backend/productKey/name`, each part percent-encoded."""

    ref: ObjectId
    id: str
    urn: str
    name: str
    product_key: str | None
    backend: Backend


def device(backend: Backend, name: str, product_key: str | None = None) -> Device:
    """The device of that name. Existence is not checked: devices are known through their executions."""
    parts = (name,) if product_key is None else (product_key, name)
    ref = ObjectId(Kind.DEVICE, backend.name, parts)
    urn = "/".join(percent_encoded(part) for part in (backend.name, *parts))
    return Device(ref=ref, id=encode(ref), urn=urn, name=name, product_key=product_key, backend=backend)


def parse_urn(urn: str) -> tuple[str, str | None, str]:
    """Split a urn into backend, product key and device name. Raises InvalidInput when it has not two or three parts."""
    parts = [unquote(part) for part in urn.split("/")]
    if not all(parts) or len(parts) not in (2, 3):
        rule = '"backend/name" or "backend/productKey/name", each part percent-encoded'
        raise InvalidInput(f"This is not a device urn. Expected {rule}.", path=("urn",), rule=rule)
    return (parts[0], None, parts[1]) if len(parts) == 2 else (parts[0], parts[1], parts[2])
