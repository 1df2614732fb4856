"""The gateway's entities, by each of their keys."""

from typing import Final

from gateway.domain.device import Device, parse_urn
from gateway.domain.errors import InvalidInput
from gateway.domain.ids import Kind, ObjectId
from gateway.schema.context import RequestContext
from gateway.schema.entities import Entities, Key, Representation
from gateway.schema.node import find_device, usable


async def _task(context: RequestContext, representation: Representation) -> object | None:
    return await context.loaders.entity_task.load(_ref(representation, Kind.TASK))


async def _package(context: RequestContext, representation: Representation) -> object | None:
    return await context.loaders.entity_package.load(_ref(representation, Kind.PACKAGE))


async def _execution(context: RequestContext, representation: Representation) -> object | None:
    return await context.loaders.execution.load(_ref(representation, Kind.EXECUTION))


def _device_by_id(context: RequestContext, representation: Representation) -> Device | None:
    return find_device(context, _ref(representation, Kind.DEVICE))


def _device_by_urn(context: RequestContext, representation: Representation) -> Device | None:
    backend, product_key, name = parse_urn(_text(representation, "urn"))
    return context.services.device(context.caller, backend, name, product_key)


def _ref(representation: Representation, kind: Kind) -> ObjectId:
    return usable(_text(representation, "id"), kind)


def _text(representation: Representation, key: str) -> str:
    value = representation[key]
    if not isinstance(value, str):
        rule = f"the key {key} as a text"
        raise InvalidInput(f"This representation is not usable. Expected {rule}.", path=("representations",), rule=rule)
    return value


ENTITIES: Final = Entities(
    {
        "OtaTask": [Key("id", _task)],
        "OtaPackage": [Key("id", _package)],
        "OtaExecution": [Key("id", _execution)],
        "OtaDevice": [Key("id", _device_by_id), Key("urn", _device_by_urn)],
    }
)
