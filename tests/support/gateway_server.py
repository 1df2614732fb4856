"""The gateway as it is run: `serve` in a process of its own, and a GraphQL client over HTTP."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.support.child_server import REPOSITORY, child_server, free_port


@dataclass(frozen=True)
class RunningGateway:
    """A gateway that answers."""

    url: str
    http: httpx.Client

    def ask(self, document: str, *, cached: bool = False, **variables: object) -> dict[str, Any]:
        """The data of an answer without top-level errors. Read past the gateway's caches unless `cached`."""
        answer = self.answer(document, cached=cached, **variables)
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data

    def answer(self, document: str, *, cached: bool = False, **variables: object) -> dict[str, Any]:
        """The whole answer, top-level errors included."""
        headers = {} if cached else {"Cache-Control": "no-cache"}
        response = self.http.post("/graphql", json={"query": document, "variables": variables}, headers=headers)
        assert response.status_code == 200, response.text
        found: dict[str, Any] = response.json()
        return found

    def change(self, mutation: str, selection: str, **members: object) -> dict[str, Any]:
        """What became of one mutation, whose input has these members."""
        kind = f"{mutation[0].upper()}{mutation[1:]}Input"
        document = f"mutation ($input: {kind}!) {{ {mutation}(input: $input) {{ {selection} }} }}"
        payload: dict[str, Any] = self.ask(document, input=members)[mutation]
        return payload


@contextmanager
def serving_gateway(
    folder: Path, backends: Sequence[Mapping[str, object]], *, port: int | None = None, **sections: object
) -> Iterator[RunningGateway]:
    """`serve` over these backends, at `port` or any. Its configuration, its ledger (unless a section names one) and
    its log stay in `folder`; a second gateway over the same folder finds the same ledger.
    """
    port = port or free_port()
    url = f"http://127.0.0.1:{port}"
    config = folder / "gateway.yaml"
    ledger = {"url": f"sqlite+aiosqlite:///{folder / 'ledger.db'}"}
    config.write_text(yaml.safe_dump({"ledger": ledger, **sections, "backends": [dict(one) for one in backends]}))
    with (
        child_server(
            [sys.executable, "-m", "gateway", "serve", "--config", config, "--host", "127.0.0.1", "--port", str(port)],
            asking=f"{url}/readyz",
            log=folder / "gateway.log",
            folder=REPOSITORY,
            environment={"PATH": os.environ["PATH"], "HOME": str(folder)},
        ),
        httpx.Client(base_url=url, timeout=30, trust_env=False) as http,
    ):
        yield RunningGateway(url, http)
