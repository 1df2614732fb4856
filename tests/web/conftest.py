"""A small schema of its own behind the gateway's web face, served by a real uvicorn on a free loopback port."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx
import pytest
import strawberry
import uvicorn
from starlette.applications import Starlette
from starlette.requests import HTTPConnection
from strawberry.types import Info

from gateway.domain.errors import (
    BackendUnavailable,
    InvalidInput,
    PermissionDenied,
    Throttled,
    VendorRejected,
)
from gateway.plans import PlannedSchema
from gateway.settings import ServerSettings
from gateway.vendorkit.sockets import listen
from gateway.web import create_web

_FAILURES: dict[str, Callable[[], Exception]] = {
    "down": lambda: BackendUnavailable("No answer from factory.", backend="factory"),
    "throttled": lambda: Throttled("Slow down.", backend="factory", retry_after_seconds=2.0),
    "rejected": lambda: VendorRejected("factory said no.", backend="factory", vendor_code="E1"),
    "input": lambda: InvalidInput("This id is unusable.", path=("id",), rule="an id"),
    "forbidden": lambda: PermissionDenied("You may not."),
    "bug": lambda: RuntimeError("the password is hunter2"),
}


@strawberry.type
class Query:
    @strawberry.field
    def hello(self, name: str = "you") -> str:
        return f"hello {name}"

    @strawberry.field
    def number(self, of: int) -> int:
        return of

    @strawberry.field
    def caller(self, info: Info[Any, None]) -> str:
        return str(info.context["caller"])

    @strawberry.field
    def failing(self, how: str) -> str | None:
        raise _FAILURES[how]()


@strawberry.type
class Mutation:
    @strawberry.mutation
    def remember(self, word: str) -> str:
        return word


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def count(self, to: int) -> AsyncGenerator[int, None]:
        for number in range(to):
            yield number

    @strawberry.subscription
    async def breaking(self) -> AsyncGenerator[int, None]:
        yield 1
        raise RuntimeError("the password is hunter2")


async def make_context(request: HTTPConnection) -> dict[str, object]:
    return {"caller": request.headers.get("x-caller", "nobody")}


class _Server(uvicorn.Server):
    @asynccontextmanager
    async def running(self) -> AsyncIterator[int]:
        listener = listen("127.0.0.1", 0)
        task = asyncio.create_task(self._serve([listener]))
        try:
            while not self.started:  # noqa: ASYNC110 - uvicorn has no event to wait for
                await asyncio.sleep(0.005)
            yield listener.getsockname()[1]
        finally:
            self.should_exit = True
            await task
            listener.close()


@asynccontextmanager
async def serving(app: Starlette) -> AsyncIterator[int]:
    config = uvicorn.Config(app, log_level="critical", access_log=False, ws="websockets-sansio", lifespan="on")
    async with _Server(config).running() as port:
        yield port


Serve = Callable[[ServerSettings], AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
def serve() -> Serve:
    @asynccontextmanager
    async def of(server: ServerSettings) -> AsyncIterator[httpx.AsyncClient]:
        schema = PlannedSchema(strawberry.Schema(Query, Mutation, Subscription))
        app = create_web(schema, make_context, server=server)
        async with (
            serving(app) as port,
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
        ):
            yield client

    return of


@pytest.fixture
async def client(serve: Serve) -> AsyncIterator[httpx.AsyncClient]:
    async with serve(ServerSettings()) as client:
        yield client
