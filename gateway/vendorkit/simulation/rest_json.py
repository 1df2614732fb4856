"""RestJsonApi: AWS's rest-json protocol around a table of operations.

It routes on the undecoded path, checks the signature and the request rate, reads and checks the members, and writes
answers and errors as botocore parses them: the code in the header `x-amzn-ErrorType`, the text in the body.
"""

import random
import re
import uuid
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import orjson

from gateway.vendorkit.simulation.answers import SimulatedApi, WireAnswer, WireRequest
from gateway.vendorkit.simulation.faults import FaultRule
from gateway.vendorkit.simulation.options import SimulatorOptions
from gateway.vendorkit.simulation.request_rate import RequestRate
from gateway.vendorkit.simulation.shapes import Members, Shape, fault_in, from_query
from gateway.vendorkit.simulation.sigv4_check import SigV4Check, signed_region

UNKNOWN_OPERATION = "UnknownOperation"


class Refusal(Exception):
    """An error of the service: its HTTP status, its code, its text, and members beside the text."""

    def __init__(self, status: int, code: str, message: str, **members: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.members = status, code, message, members


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request understood: path labels, query and body by wire name, all checked. `now` is epoch seconds."""

    operation: str
    path: Mapping[str, str]
    query: Mapping[str, Any]
    body: Mapping[str, Any]
    region: str
    now: float
    fault: FaultRule | None


Handler = Callable[[Call], "dict[str, Any] | None"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation of the service model. `path` holds its labels in braces; `per_second` is its request quota."""

    name: str
    method: str
    path: str
    status: int = 200
    query: Mapping[str, Shape] = field(default_factory=dict)
    body: Members | None = None
    invalid: str = "ValidationException"
    unavailable: str = "ServiceUnavailable"
    broken: str = "InternalFailure"
    per_second: bool = True


class RestJsonApi(SimulatedApi):
    """A service that speaks rest-json. A vendor gives the operations, the labels' shapes and the handlers."""

    message_member = "message"
    throttling_status = 400
    requests_per_second = 10.0

    def __init__(
        self, options: SimulatorOptions, *, service: str, operations: Sequence[Operation], labels: Mapping[str, Shape]
    ) -> None:
        super().__init__(options)
        self._operations = {operation.name: operation for operation in operations}
        self._routes = [(one.method, _route(one.path), one.name) for one in operations]
        self._labels = labels
        self._rate = RequestRate(self.requests_per_second, options.now)
        self._ids = random.Random(options.seed)
        self._signatures = SigV4Check(
            access_key=options.access_key, secret_key=options.secret_key, service=service, now=options.now
        )

    @abstractmethod
    def handlers(self) -> Mapping[str, Handler]:
        """The function behind each operation."""

    def operation_of(self, request: WireRequest) -> str:
        """The modelled operation, or UnknownOperation."""
        for method, pattern, name in self._routes:
            if method == request.method and pattern.fullmatch(request.raw_path):
                return name
        return UNKNOWN_OPERATION

    def answer(self, operation: str, request: WireRequest, fault: FaultRule | None) -> WireAnswer:
        """Carry the operation out, or refuse it with the service's own error."""
        try:
            if problem := self._signatures.problem(request):
                raise Refusal(problem.status, problem.code, problem.message)
            model = self._operations.get(operation)
            if model is None:
                raise Refusal(404, "UnknownOperationException", "No operation answers to this method and path.")
            if self.options.quotas and model.per_second and not self._rate.allows(operation):
                return self.throttled(operation)
            members = self.handlers()[operation](self._understood(model, request, fault))
        except Refusal as refusal:
            return self._error(refusal.status, refusal.code, refusal.message, refusal.members)
        if members is None:
            return WireAnswer(status=model.status, headers=self._headers())
        headers = {"content-type": "application/json", **self._headers()}
        return WireAnswer(status=model.status, body=orjson.dumps(members), headers=headers)

    def throttled(self, operation: str) -> WireAnswer:
        """Throttling carries a colon behind its code, as captures of AWS's services show."""
        return self._error(self.throttling_status, "ThrottlingException:", "Rate exceeded", {})

    def failed(self, operation: str, status: int) -> WireAnswer:
        """A 5xx in the operation's own words."""
        model = self._operations.get(operation)
        code = "ServiceUnavailable" if status == 503 else "InternalFailure"
        if model is not None:
            code = model.unavailable if status == 503 else model.broken
        return self._error(status, code, "The service failed; try again later.", {})

    def _understood(self, model: Operation, request: WireRequest, fault: FaultRule | None) -> Call:
        found = _route(model.path).fullmatch(request.raw_path)
        path = {name: unquote(value) for name, value in found.groupdict().items()} if found else {}
        for name, value in path.items():
            shape = self._labels[name]
            self._demand(fault_in(from_query(value, shape), shape, name), model)
        query = {}
        for pair in filter(None, request.raw_query.split("&")):
            name, _, raw = pair.partition("=")
            if (wanted := model.query.get(unquote(name))) is not None:
                query[unquote(name)] = value = from_query(unquote(raw), wanted)
                self._demand(fault_in(value, wanted, unquote(name)), model)
        now = self.options.now().timestamp()
        region = signed_region(request) or "us-east-1"
        body = self._body(model, request)
        return Call(
            operation=model.name, path=path, query=query, body=body, region=region, now=now, fault=fault,
        )  # fmt: skip

    def _body(self, model: Operation, request: WireRequest) -> dict[str, Any]:
        if model.body is None:
            return {}
        try:
            body = orjson.loads(request.body or b"{}")
        except orjson.JSONDecodeError:
            raise Refusal(400, "MalformedHttpRequestException", "The body is not JSON.") from None
        self._demand(fault_in(body, model.body, ""), model)
        return {name: value for name, value in body.items() if value is not None}

    def _demand(self, fault: str | None, model: Operation) -> None:
        if fault:
            raise Refusal(400, model.invalid, fault)

    def _headers(self) -> dict[str, str]:
        return {"x-amzn-RequestId": str(uuid.UUID(int=self._ids.getrandbits(128), version=4))}

    def _error(self, status: int, code: str, message: str, members: Mapping[str, str]) -> WireAnswer:
        headers = {"content-type": "application/json", **self._headers(), "x-amzn-ErrorType": code}
        return WireAnswer(status=status, body=orjson.dumps({self.message_member: message, **members}), headers=headers)


def epoch(moment: float) -> float:
    """A timestamp as these services print it: seconds, with milliseconds behind the point."""
    return round(moment, 3)


def _route(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template))
