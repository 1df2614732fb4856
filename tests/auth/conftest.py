"""A served gateway that has to know who calls, over one simulated vendor."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.domain.operations import Operation, Support
from gateway.vendorkit.discovery import installed_vendors
from tests.support.identity_provider import AUDIENCE, ISSUER
from tests.support.simulated_gateway import SimulatedGateway, simulated_gateway

# Operators cancel tasks, which not every vendor can.
VENDOR = next(
    slug
    for slug, manifest in installed_vendors().items()
    if any(one.operation is Operation.CANCEL_TASK and one.support is not Support.NONE for one in manifest.capabilities)
)
BACKEND = f"lab-{VENDOR}"
POLICIES = {
    "viewer": {"operations": "READ", "backends": "*"},
    "operator": {"operations": ["READ", "CANCEL_TASK"], "backends": f"{BACKEND}*"},
    "auditor": {"audit": True, "backends": "*"},
}
TYPE = {"query": "{ __typename }"}
SEEN = {"query": "{ backends { name } }"}


@dataclass
class Asked:
    """A gateway, and how it is asked."""

    gateway: SimulatedGateway

    async def post(
        self, body: Mapping[str, Any] = TYPE, *, bearer: str | None = None, headers: Any = ()
    ) -> httpx.Response:
        """Its answer to one request."""
        sent = [*(headers.items() if isinstance(headers, Mapping) else headers)]
        if bearer is not None:
            sent.append(("authorization", f"Bearer {bearer}"))
        return await self.gateway.http.post(f"{self.gateway.url}/graphql", json=dict(body), headers=sent)


Serving = Callable[..., AbstractAsyncContextManager[Asked]]


@asynccontextmanager
async def asked_of(folder: Path, auth: Mapping[str, Any]) -> AsyncIterator[Asked]:
    """Serve a gateway with this `auth` section; policies are those above unless it has its own."""
    sections = {"auth": {"policies": POLICIES, **auth}}
    async with simulated_gateway(folder, only=[VENDOR], sections=sections) as gateway:
        # It has read the keys once it answers.
        assert (await gateway.http.get(f"{gateway.url}/readyz")).status_code == 200
        yield Asked(gateway)


@pytest.fixture
def serving(tmp_path: Path) -> Serving:
    """Serve a gateway with an `auth` section."""
    return partial(asked_of, tmp_path)


def jwt_section(**members: Any) -> dict[str, Any]:
    """An `auth` section for tokens of the tests' identity provider."""
    return {"mode": "jwt", "jwt": {"issuer": ISSUER, "audience": AUDIENCE, **members}}


def is_refused(answer: httpx.Response) -> bool:
    """Whether the caller was told that nobody knows who calls, in the form that is always the same."""
    said = answer.json()
    return (
        answer.status_code == 401
        and set(said) == {"errors"}
        and said["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}
        and answer.headers["www-authenticate"].startswith('Bearer realm="ota-gateway"')
    )
