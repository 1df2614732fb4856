"""TLS as it is served, and a router that proves itself by its certificate."""

import ssl
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.support.certificates import Authority

Start = Callable[..., AbstractContextManager[Any]]
Run = Callable[..., Any]
ROUTER = {"x-ota-principal": "ann", "x-ota-roles": "viewer"}
ASKED = {"query": "{ backends { name } }"}


def configuration(backends: str, folder: Path, *, client_ca: Authority | None = None, **tls: Any) -> str:
    server = Authority(folder, "gateway-authority").server()
    section = {"certificate": str(server.certificate), "private_key": str(server.key), **tls}
    if client_ca is not None:
        section["client_ca"] = str(client_ca.file)
    document = {
        "server": {"port": 0, "tls": section},
        "auth": {
            "mode": "router",
            "router": {"client_names": ["router.fleet.example", "spiffe://fleet.example/router", "old router"]},
            "policies": {"viewer": {"operations": "READ", "backends": "*"}},
        },
    }
    if client_ca is None:
        document["auth"] = {"mode": "none"}
    return yaml.safe_dump(document) + backends


@pytest.fixture
def backends(backends_at: Callable[..., str]) -> str:
    return backends_at("http://127.0.0.1:1")


def served_at(running: Any) -> str:
    line = running.read_until("OTA Gateway serves")
    assert "https://" in line
    return str(line[line.index("https://") :].strip())


def trusting(folder: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=folder / "gateway-authority.pem")


def test_https_is_served_and_old_versions_are_refused(start: Start, tmp_path: Path, backends: str) -> None:
    (tmp_path / "gateway.yaml").write_text(configuration(backends, tmp_path))
    with start("serve") as running:
        url = served_at(running)
        context = trusting(tmp_path)
        answer = httpx.post(url, json={"query": "{ __typename }"}, verify=context, trust_env=False)
        assert answer.json() == {"data": {"__typename": "Query"}}
        with pytest.raises(httpx.ConnectError):
            httpx.post(url, json={"query": "{ __typename }"}, trust_env=False)
        # The connection is closed, or reset, as it happens to be noticed.
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            httpx.post(url.replace("https", "http"), json={"query": "{ __typename }"}, trust_env=False)


def test_a_router_proves_itself_by_its_certificate(start: Start, tmp_path: Path, backends: str) -> None:
    ours, theirs = Authority(tmp_path, "ours"), Authority(tmp_path, "theirs")
    (tmp_path / "gateway.yaml").write_text(configuration(backends, tmp_path, client_ca=ours))
    shown = {
        "by DNS name": ours.client("a", dns="router.fleet.example"),
        "by URI": ours.client("b", uri="spiffe://fleet.example/router"),
        "by common name": ours.client("old router"),
    }
    not_believed = {
        "none": None,
        "another's": ours.client("c", dns="worker.fleet.example"),
        "a name within a name": ours.client("d", dns="router.fleet.example.evil.example"),
    }
    not_verified = {
        "of another authority": theirs.client("e", dns="router.fleet.example"),
        "ended": ours.client("f", dns="router.fleet.example", ended=True),
        "a server's": ours.server(),
    }
    with start("serve") as running:
        url = served_at(running)

        def ask(certificate: Any, **headers: str) -> httpx.Response:
            context = trusting(tmp_path)
            context = context if certificate is None else certificate.shown(context)
            return httpx.post(url, json=ASKED, headers={**ROUTER, **headers}, verify=context, trust_env=False)

        believed = {name: ask(one) for name, one in shown.items()}
        refused = {name: ask(one) for name, one in not_believed.items()}
        for name, one in not_verified.items():
            with pytest.raises(httpx.TransportError):
                pytest.fail(f"{name}: {ask(one).text}")
        printed = running.end(15)[1]
    assert [name for name, one in believed.items() if one.json() != {"data": {"backends": [{"name": "fleet"}]}}] == []
    assert {answer.status_code for answer in refused.values()} == {401}
    assert "a router's header came without the certificate of a router" in printed


def test_a_websocket_shows_its_certificate_too(start: Start, tmp_path: Path, backends: str) -> None:
    ours = Authority(tmp_path, "ours")
    (tmp_path / "gateway.yaml").write_text(configuration(backends, tmp_path, client_ca=ours))
    with start("serve") as running:
        url = served_at(running).replace("https", "wss")
        for one, kind in ((ours.client("old router"), "connection_ack"), (ours.client("other"), None)):
            with connect(
                url, ssl=one.shown(trusting(tmp_path)), additional_headers=ROUTER, proxy=None,
                subprotocols=["graphql-transport-ws"],  # type: ignore[list-item]
            ) as socket:  # fmt: skip
                socket.send('{"type": "connection_init"}')
                if kind is None:
                    with pytest.raises(ConnectionClosed) as closed:
                        socket.recv(timeout=10)
                    assert closed.value.rcvd is not None
                    assert closed.value.rcvd.code == 4403
                else:
                    assert kind in str(socket.recv(timeout=10))


def test_a_client_certificate_can_be_required(start: Start, tmp_path: Path, backends: str) -> None:
    ours = Authority(tmp_path, "ours")
    text = configuration(backends, tmp_path, client_ca=ours, require_client_certificate=True)
    (tmp_path / "gateway.yaml").write_text(text)
    with start("serve") as running:
        url = served_at(running)
        with pytest.raises(httpx.TransportError):
            httpx.post(url, json=ASKED, verify=trusting(tmp_path), trust_env=False)
        shown = ours.client("old router").shown(trusting(tmp_path))
        assert httpx.post(url, json=ASKED, headers=ROUTER, verify=shown, trust_env=False).status_code == 200


@pytest.mark.parametrize("spoiled", ["certificate", "private_key", "client_ca"])
@pytest.mark.parametrize("content", [None, "hunter2"])
def test_files_that_cannot_be_used_are_told_by_name(
    run: Run, tmp_path: Path, backends: str, spoiled: str, content: str | None
) -> None:
    text = configuration(backends, tmp_path, client_ca=Authority(tmp_path, "ours"))
    file = Path(yaml.safe_load(text)["server"]["tls"][spoiled])
    file.unlink()
    if content is not None:
        file.write_text(content)
    (tmp_path / "gateway.yaml").write_text(text)
    answer = run("serve")
    assert answer.returncode == 1
    assert f"server.tls: {file}" in answer.stderr or f"and {file} are no" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert "hunter2" not in answer.stderr
