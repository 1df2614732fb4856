"""Canaries in every place of a configuration where a secret can stand, and in every credential that is shown.

The gateway runs as it is run, over simulated vendors, vendors that repeat what they are sent, one whose certificate
nobody vouches for and one that is not there. It is asked for everything, with good and bad credentials, while vendors,
Redis and the ledger fail. Then its log, its answers, its audit, its ledger's bytes and Redis are searched.
"""

import json
import ssl
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import yaml

from gateway.app import build_stack, vendor_client
from gateway.auth.api_keys import digest_of, new_key
from gateway.domain.ids import decode
from gateway.settings import ConfigurationError, parse
from gateway.vendorkit.discovery import installed_vendors
from gateway.vendorkit.simulation.faults import FaultKind, FaultPlan, FaultRule
from gateway.vendorkit.simulation.options import SimulatorOptions
from gateway.vendorkit.simulation.server import serving_in_thread
from tests.support.canaries import MARK, canary, found_in
from tests.support.certificates import Authority
from tests.support.child_server import REPOSITORY
from tests.support.echoing_vendor import echoing_vendor
from tests.support.gateway_server import serving_gateway
from tests.support.identity_provider import AUDIENCE, ISSUER, claims, jwk_of, key_of, signed
from tests.support.redis_server import redis_server
from tests.support.span_collector import span_collector

KEY, SPENT_KEY, FOREIGN_KEY = new_key(), new_key(), new_key()
HEADER = {"alg": "RS256", "kid": "one"}
# It is made when tests are collected, which may be many minutes before it is shown.
TOKEN = signed(key_of("RSA"), HEADER, claims(roles=["admin"], exp=4_000_000_000))
SPENT_TOKEN = signed(key_of("RSA"), HEADER, claims(exp=1))
FOREIGN_TOKEN = signed(key_of("RSA", 1), HEADER, claims())
ROUTER = canary("router")
GOOD = {
    "token": {"authorization": f"Bearer {TOKEN}"},
    "key": {"x-api-key": KEY},
    "router": {"x-ota-principal": "ann", "x-ota-roles": "admin", "x-ota-router-secret": ROUTER},
}
BAD = {
    "a spent token": {"authorization": f"Bearer {SPENT_TOKEN}"},
    "a foreign token": {"authorization": f"Bearer {FOREIGN_TOKEN}"},
    "a spent key": {"x-api-key": SPENT_KEY},
    "a foreign key": {"authorization": f"Bearer {FOREIGN_KEY}"},
    "no key": {"x-api-key": canary("no-key")},
    "a password": {"authorization": f"Basic {canary('basic')}"},
    "no proof": {"x-ota-principal": "ann", "x-ota-router-secret": canary("no-proof")},
    "two": {"authorization": f"Bearer {TOKEN}", "x-api-key": KEY},
}
READS = [
    """{ tasks(first: 30) { nodes { id name raw description executions(first: 3) { nodes { id raw } }
         allowedOperations { operation allowed } } backends { status error { message } } } }""",
    "{ packages(first: 30) { nodes { id name raw } backends { status error { message } } } }",
    "{ backends { name health { state } } }",
    '{ __type(name: "Query") { name } }',
    "{ nothing }",
    f'{{ tasks(after: "{canary("cursor-shown")}") {{ nodes {{ id }} }} }}',
]
CHANGES = [
    f"mutation C($id: ID!) {{ {name}(input: {{id: $id}}) {{ outcome errors {{ __typename message }} }} }}"
    for name in ("cancelOtaTask", "deleteOtaTask")
]
AUDIT = """{ auditEntries(first: 100) { nodes { actor operation outcome reason targets before after
  errors { __typename code message } vendorRequestIds } } }"""


def credentials(slug: str, name: str, **options: Any) -> dict[str, Any]:
    """The vendor's demo settings, with canaries for secrets, and with those that go with temporary keys."""

    def with_canaries(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: with_canaries(inner) for key, inner in value.items()}
        return canary(f"{name}-key") if value == SimulatorOptions().secret_key else value

    found: dict[str, Any] = with_canaries(dict(installed_vendors()[slug].demo_settings("http://127.0.0.1:1")))
    if options.get("temporary"):
        member = {
            "aws-iot": "session_token",
            "aws-managed-integrations": "session_token",
            "huawei-iotda": "security_token",
        }
        if slug in member:
            found["credentials"][member[slug]] = canary(f"{name}-session")
    return found


@dataclass
class Searched:
    """What was written down, by where."""

    secrets: list[str]
    places: dict[str, int] = field(default_factory=dict)
    leaks: list[str] = field(default_factory=list)
    read: int = 0

    def look(self, place: str, text: bytes | str) -> None:
        """Search one text."""
        found = text if isinstance(text, bytes) else text.encode()
        self.places[place] = self.places.get(place, 0) + 1
        self.read += len(found)
        self.leaks += [f"{place}: {secret}, in {found[:60]!r}" for secret in found_in(found, self.secrets)]


def backends_over(running: ExitStack, folder: Path, plans: dict[str, FaultPlan]) -> Iterator[dict[str, Any]]:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    nobody = Authority(folder, "nobody").server()
    tls.load_cert_chain(nobody.certificate, nobody.key)
    echo, unvouched = running.enter_context(echoing_vendor()), running.enter_context(echoing_vendor(tls))
    for slug, manifest in installed_vendors().items():
        plans[slug] = FaultPlan()
        options = SimulatorOptions(quotas=False, secret_key=canary(f"{slug}-key"), faults=plans[slug])
        url = running.enter_context(serving_in_thread(manifest.simulator(options)))
        shared = {"vendor": slug, "calls_per_second": 1000, "retries": 0, "timeout": "1s"}
        yield {**credentials(slug, slug), **shared, "name": f"good-{slug}", "endpoint": url}
        # The simulator knows another secret: it refuses the signature.
        yield {**credentials(slug, f"wrong-{slug}"), **shared, "name": f"wrong-{slug}", "endpoint": url}
        for name, endpoint in (("echo", echo), ("tls", unvouched), ("dead", "http://127.0.0.1:1")):
            told = credentials(slug, f"{name}-{slug}", temporary=True)
            yield {**told, **shared, "name": f"{name}-{slug}", "endpoint": endpoint}
    if "huawei-iotda" in plans:
        user = {"domain": "d", "user": "u", "password": canary("iam-password"), "endpoint": echo}
        demo = {key: value for key, value in credentials("huawei-iotda", "x").items() if key != "credentials"}
        yield {**demo, "vendor": "huawei-iotda", "name": "iam", "endpoint": echo, "iam": user, "timeout": "1s"}


def secrets_of(document: Any) -> set[str]:
    """All canaries that stand in a configuration."""
    if isinstance(document, dict):
        return {secret for value in document.values() for secret in secrets_of(value)}
    if isinstance(document, list):
        return {secret for value in document for secret in secrets_of(value)}
    if isinstance(document, str) and MARK in document:
        start = document.index(MARK)
        return {document[start : start + document[start:].index("0123456789abcdef") + 32]}
    return set()


def ask(searched: Searched, http: httpx.Client, who: str, headers: dict[str, str], **body: Any) -> Any:
    answer = http.post("/graphql", json=body, headers={"cache-control": "no-cache", **headers})
    searched.look(f"answers to {who}", answer.content + str(answer.headers).encode())
    return answer.json()


def change_everything(searched: Searched, http: httpx.Client, tasks: list[str], names: list[str]) -> None:
    """Change each vendor's tasks, also under the names of backends that fail."""
    for task in tasks:
        ref = decode(task)
        slug = ref.backend.removeprefix("good-")
        for name in names:
            if name.endswith(slug):
                for query in CHANGES:
                    elsewhere = str(replace(ref, backend=name))
                    ask(searched, http, "changes", GOOD["key"], query=query, variables={"id": elsewhere})


def test_no_canary_is_in_logs_answers_audit_ledger_or_redis(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    plans: dict[str, FaultPlan] = {}
    (tmp_path / "keys.json").write_bytes(orjson.dumps({"keys": [jwk_of(key_of("RSA"), "one")]}))
    entries = [
        {"name": "ci", "sha256": digest_of(KEY), "roles": ["admin"]},
        {"name": "old", "sha256": digest_of(SPENT_KEY), "roles": ["admin"], "expires": "2020-01-01T00:00:00Z"},
    ]
    with ExitStack() as running:
        collector = running.enter_context(span_collector())
        redis = running.enter_context(redis_server(tmp_path))
        with redis.client() as client:
            client.config_set("requirepass", canary("redis"))
        backends = list(backends_over(running, tmp_path, plans))
        sections: dict[str, Any] = {
            "server": {"cursor_secret": canary("cursor")},
            "cache": {"url": redis.url().replace("redis://", f"redis://:{canary('redis')}@")},
            "auth": {
                "mode": ["jwt", "api_keys", "router"],
                "jwt": {"issuer": ISSUER, "audience": AUDIENCE, "jwks_file": str(tmp_path / "keys.json")},
                "api_keys": entries,
                "router": {"shared_secret": ROUTER},
                "policies": {
                    "admin": {
                        "operations": "*",
                        "backends": "*",
                        "raw": True,
                        "audit": True,
                        "metrics": True,
                        "explore": True,
                    }
                },
            },
            "observability": {
                "log_level": "DEBUG",
                "log_requests": True,
                "tracing": {"otlp_endpoint": collector.url},
            },
        }
        shown = [value.rpartition(" ")[2] for one in (GOOD, BAD) for sent in one.values() for value in sent.values()]
        own = {value for value in shown if len(value) > 20} | {
            value.rpartition(".")[2] for value in shown if "." in value
        }
        searched = Searched(sorted(secrets_of([sections, backends]) | own | {digest_of(KEY)}))
        gateway = running.enter_context(serving_gateway(tmp_path, backends, **sections))
        tasks: list[str] = []
        for who, headers in (GOOD | BAD).items():
            for query in READS:
                answer = ask(searched, gateway.http, who, headers, query=query)
                if who == "key" and "tasks" in (answer.get("data") or {}):
                    tasks += [node["id"] for node in answer["data"]["tasks"]["nodes"]]
        per_vendor = {decode(task).backend: task for task in tasks}
        assert set(per_vendor) == {f"good-{slug}" for slug in plans}
        change_everything(searched, gateway.http, list(per_vendor.values()), [str(one["name"]) for one in backends])
        for kind in FaultKind:
            for plan in plans.values():
                plan.rules.append(FaultRule(fault=kind, times=3, seconds=0.1))
            ask(searched, gateway.http, "faults", GOOD["router"], query=READS[0])
            change_everything(searched, gateway.http, list(per_vendor.values()), [f"good-{slug}" for slug in plans])
        audit = ask(searched, gateway.http, "audit", GOOD["token"], query=AUDIT)["data"]["auditEntries"]["nodes"]
        for path in ("/metrics", "/readyz"):
            answer = gateway.http.get(path, headers=GOOD["key"])
            assert all(f"good-{slug}".encode() in answer.content for slug in plans)
            searched.look(f"answers of {path}", answer.content)
        redis.kill()
        ask(searched, gateway.http, "Redis gone", GOOD["key"], query=READS[0])
        for file in tmp_path.glob("ledger.db*"):
            searched.look("ledger files", file.read_bytes())
            file.unlink()
        for query in (AUDIT, *CHANGES):
            ask(searched, gateway.http, "ledger gone", GOOD["key"], query=query, variables={"id": tasks[0]})
        config = tmp_path / "gateway.yaml"
        for said in ("check", "check --json", "export tasks", "audit export", "ledger migrate"):
            command = said.split()
            ended = subprocess.run(
                [sys.executable, "-m", "gateway", *command, "--config", str(config)],
                cwd=REPOSITORY, capture_output=True, check=False, timeout=100,
            )  # fmt: skip
            searched.look(f"output of {' '.join(command)}", ended.stdout + ended.stderr)
    # The last of them came when the gateway went down.
    searched.look("spans", b"".join(collector.bodies))
    assert sum(body.count(b"good-") for body in collector.bodies) > 10
    log = (tmp_path / "gateway.log").read_bytes()
    assert log.count(b'"event": "request"') > len(GOOD | BAD) * len(READS)
    searched.look("log", log)
    assert len(audit) >= 2 * len(backends) / 3
    assert {entry["actor"] for entry in audit} <= {"key:ci", "ann"}
    # Of the lines there are few; the others are counted.
    assert log.count(b"caller_refused") >= min(30, len(BAD) * len(READS))
    assert len(searched.secrets) > 3 * len(installed_vendors())
    assert searched.leaks == []
    record_property(
        "figures",
        f"canaries: {len(searched.secrets)} secrets looked for in {searched.read:,} bytes of "
        f"{sum(searched.places.values())} texts ({', '.join(sorted(searched.places))}): {len(searched.leaks)} found",
    )


async def test_no_repr_and_no_fault_of_a_configuration_holds_a_canary(tmp_path: Path) -> None:
    document = {
        "server": {"cursor_secret": canary("cursor")},
        "cache": {"url": f"redis://user:{canary('redis')}@127.0.0.1/0"},
        "ledger": {"url": f"postgresql+asyncpg://user:{canary('postgres')}@127.0.0.1/ota"},
        "auth": {
            "mode": "router",
            "router": {"shared_secret": ROUTER},
            "policies": {"admin": {"operations": "*", "backends": "*"}},
        },
        "backends": [
            {**credentials(slug, slug, temporary=True), "vendor": slug, "name": slug, "endpoint": "http://127.0.0.1:1"}
            for slug in installed_vendors()
        ],
    }
    searched = Searched(sorted(secrets_of(document)))
    text = yaml.safe_dump(document)
    settings = parse(text, {})
    searched.look("repr", repr(settings) + str(settings))
    async with vendor_client() as client:
        seen: dict[int, object] = {}
        for backend in settings.backends:
            look_at(searched, build_stack(backend, client), seen)
        assert len(seen) > 30
    # Every value spoiled in turn, in ways in which a hand spoils it.
    for line, spoiled in spoiled_lines(text):
        try:
            parse(spoiled, {})
        except ConfigurationError as problem:
            searched.look("configuration errors", str(problem) + repr(problem))
            searched.look("tracebacks", "".join(traceback.format_exception(problem)))
        else:
            assert line
    assert searched.places["configuration errors"] > len(text.splitlines())
    assert searched.leaks == []


def look_at(searched: Searched, thing: Any, seen: dict[int, object]) -> None:
    """Print a thing of the gateway, and all that it holds."""
    if id(thing) in seen or len(seen) > 5000:
        return
    seen[id(thing)] = thing
    searched.look("repr", repr(thing))
    names = [*getattr(thing, "__dict__", {}), *getattr(type(thing), "__slots__", ())]
    for name in names:
        held = getattr(thing, name, None)
        if type(held).__module__.startswith("gateway."):
            look_at(searched, held, seen)


def spoiled_lines(text: str) -> Iterator[tuple[str, str]]:
    lines = text.splitlines()
    for place, line in enumerate(lines):
        key, colon, value = line.partition(": ")
        for other in (
            f"{key}{value}", f"{key}x{colon}{value}", f"{key}{colon}[{value}]", f"{key}{colon}{{{value}: 1}}",
            f"{key}{colon}'{value}", f"{key}{colon}{value}: {value}", f"{key}{colon}!{value}", f"{key}{colon}*{value}",
            f"{key}{colon}\"{value}\\q\"", f"{value}{colon}{key}", f"{line}\n{line}",
        ):  # fmt: skip
            yield line, "\n".join([*lines[:place], other, *lines[place + 1 :]])


@pytest.mark.parametrize("spelled", ["plain", "json", "base64", "address"])
def test_a_canary_that_is_told_would_be_found(spelled: str) -> None:
    import base64
    from urllib.parse import quote

    secret = f'{canary("x")}/+"é'
    told = {
        "plain": secret,
        "json": json.dumps({"a": f"<{secret}>"}),
        "base64": base64.b64encode(f"user:{secret}".encode()).decode(),
        "address": f"redis://:{quote(secret, safe='')}@h",
    }[spelled]
    assert found_in(told.encode(), [secret, canary("y")]) == [secret]
