"""The section `auth`, read: faults with their lines and the way out, and every example of docs/auth.md."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.auth import Rights
from gateway.auth.policies import Policies
from gateway.domain.operations import Operation
from gateway.settings import ConfigurationError, Settings, cautions, parse
from gateway.vendorkit.manifest import VendorManifest

Vendors = Mapping[str, VendorManifest]

NAMES = ("eu-fleet", "eu-lab", "us-fleet")
BACKENDS = yaml.safe_dump({"backends": [{"name": name, "vendor": "north-ota", "region": "r"} for name in NAMES]})
PAGE = (Path(__file__).parents[2] / "docs/auth.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
DIGEST = "ab" * 32
TLS = "server: {tls: {certificate: a, private_key: b, client_ca: c}}"
JWT = "jwt: {issuer: i, audience: a, jwks_url: 'https://id.example/keys'}"
POLICY = "policies: {viewer: {operations: READ, backends: '*'}}"


def read(text: str, vendors: Vendors) -> Settings:
    return parse(f"{text}\n{BACKENDS}", {"ROUTER_SECRET": "x" * 32}, vendors)


def problems(text: str, vendors: Vendors) -> list[str]:
    with pytest.raises(ConfigurationError) as refused:
        read(text, vendors)
    return [str(problem) for problem in refused.value.problems]


def rights(settings: Settings, *roles: str) -> Rights:
    return Policies(settings.auth.policies).rights_of(roles)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: f"line {PAGE[: PAGE.index(text)].count(chr(10))}")
def test_every_documented_example_is_accepted(example: str, vendors: Vendors) -> None:
    assert read(example, vendors).auth.is_on
    assert len(EXAMPLES) == 5


def test_roles_may_do_what_the_documented_policies_say(vendors: Vendors) -> None:
    settings = read(EXAMPLES[-1], vendors)
    viewer, operator, auditor, admin = (
        rights(settings, role) for role in ("viewer", "operator-eu", "auditor", "admin")
    )
    assert [one.sees("us-fleet") for one in (viewer, operator, auditor, admin)] == [True, True, False, True]
    assert [operator.may(Operation.CANCEL_TASK, name) for name in NAMES] == [True, True, False]
    assert [operator.may(Operation.DELETE_TASK, name) for name in NAMES] == [False] * 3
    assert [admin.may(Operation.DELETE_TASK, name) for name in NAMES] == [True] * 3
    assert [one.reads_audit("eu-lab") for one in (viewer, operator, auditor, admin)] == [False, False, True, True]
    assert [one.reads_raw("eu-lab") for one in (viewer, operator, auditor, admin)] == [False, False, False, True]
    assert [one.explores for one in (viewer, operator, auditor, admin)] == [False, True, False, True]
    assert not rights(settings).sees("eu-fleet")
    assert not rights(settings, "somebody else's role").sees("eu-fleet")
    both = rights(settings, "auditor", "viewer")
    assert (both.sees("eu-lab"), both.reads_audit("eu-lab"), both.reads_raw("eu-lab")) == (True, True, False)


def test_all_changes_are_more_than_reading_and_imply_none(vendors: Vendors) -> None:
    policies = "{a: {operations: changes, backends: '*'}, b: {operations: '*', backends: '*'}}"
    settings = read(f"auth: {{mode: jwt, {JWT}, policies: {policies}}}", vendors)
    changes, everything = rights(settings, "a"), rights(settings, "b")
    assert not changes.may(Operation.CANCEL_TASK, "eu-fleet")
    assert everything.may(Operation.CANCEL_TASK, "eu-fleet")
    assert rights(settings, "a", "b").may(Operation.DELETE_EXECUTION, "eu-fleet")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("auth: {mode: open}", ["line 1, auth.mode: expected none, or one or several of jwt, api_keys, router"]),
        ("auth: {mode: []}", ["line 1, auth.mode: expected none, or one or several of jwt, api_keys, router"]),
        ("auth: {mode: [jwt, none]}", ["line 1, auth.mode: this is not accepted here"]),
        ("auth: {mode: }", ["line 1, auth.mode: expected none, or one or several of jwt, api_keys, router"]),
        (f"auth:\n  mode: jwt\n  {POLICY}", ["line 2, auth.mode: names jwt, so auth.jwt is needed"]),
        (f"auth:\n  {JWT}", ["line 2, auth.jwt: is set, but auth.mode does not name jwt"]),
        (
            f"auth:\n  {POLICY}",
            ["line 2, auth.policies: are set, but auth.mode is none, so that everybody may do everything"],
        ),
        (
            f"auth:\n  mode: jwt\n  {JWT}",
            ["line 1, auth: without policies nobody may do anything; give auth.policies a role"],
        ),
        (
            f"auth:\n  mode: jwt\n  {POLICY}\n  jwt: {{issuer: i, audience: a}}",
            ["line 4, auth.jwt: expected one of jwks_url, jwks_file and public_keys"],
        ),
        (
            f"auth:\n  mode: jwt\n  {POLICY}\n  jwt: {{issuer: i, jwks_file: x}}",
            ["line 4, auth.jwt.audience: is missing"],
        ),
        (
            f"auth:\n  mode: jwt\n  {POLICY}\n  jwt: {{issuer: i, audience: a, jwks_url: 'http://id.example/keys'}}",
            ["line 4, auth.jwt.jwks_url: expected https: who can change keys on their way can sign in as anybody"],
        ),
        (
            f"auth:\n  mode: jwt\n  {POLICY}\n  jwt: {{issuer: i, audience: a, jwks_file: f, leeway: 6m}}",
            ["line 4, auth.jwt.leeway: expected at most 5m: tokens would be accepted long after their end"],
        ),
        (
            f"auth:\n  mode: jwt\n  {POLICY}\n  jwt:\n    issuer: i\n    audience: a\n    jwks_file: f\n"
            "    algorithms: [RS256, HS256]",
            [
                "line 8, auth.jwt.algorithms[1]: Input should be 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', "
                "'PS512', 'ES256', 'ES384', 'ES512' or 'EdDSA'"
            ],
        ),
        (
            f"auth:\n  mode: api_keys\n  {POLICY}\n  api_keys:\n    - name: a\n      sha256: {DIGEST}\n"
            f"      roles: [viewr]\n    - {{name: a, sha256: {DIGEST}, roles: [viewer], expires: 2026-01-01}}",
            ["line 8, auth.api_keys[1].expires: expected a moment with its offset, such as 2026-12-31T00:00:00Z"],
        ),
        (
            f"auth:\n  mode: api_keys\n  {POLICY}\n  api_keys:\n    - name: a\n      sha256: {DIGEST}\n"
            f"      roles: [viewr]\n    - {{name: a, sha256: {DIGEST}, roles: [viewer]}}",
            [
                "line 7, auth.api_keys[0].roles[0]: auth.policies has no such role; did you mean viewer?",
                "line 8, auth.api_keys[1].name: another key has this name already",
                "line 8, auth.api_keys[1].sha256: another key has this sha256 already",
            ],
        ),
        (
            f"auth:\n  mode: router\n  {POLICY}\n  router: {{header: x-user}}",
            ["line 4, auth.router: anybody could send its header; set shared_secret or client_names"],
        ),
        (
            f"auth:\n  mode: router\n  {POLICY}\n  router: {{shared_secret: short}}",
            ["line 4, auth.router.shared_secret: expected at least 32 characters"],
        ),
        (
            f"auth:\n  mode: router\n  {POLICY}\n  router:\n    client_names: [r]",
            ["line 5, auth.router.client_names: nobody checks client certificates; set server.tls.client_ca"],
        ),
        (
            f"{TLS}\nauth:\n  mode: router\n  {POLICY}\n  router: {{client_names: [r], header: x-api-key}}",
            ["line 5, auth.router: each header needs a name of its own"],
        ),
        (
            f"auth:\n  mode: jwt\n  {JWT}\n  policies:\n    a:\n      operations:\n        - READ\n"
            "        - CANCEL_TSK\n        - list_tasks\n        - READ_AUDIT\n      backends:\n"
            "        - eu-*\n        - us-flet\n",
            [
                "line 8, auth.policies.a.operations[1]: unknown operation; did you mean CANCEL_TASK?",
                "line 9, auth.policies.a.operations[2]: unknown operation; did you mean READ?",
                "line 10, auth.policies.a.operations[3]: unknown operation; did you mean audit: true?",
                "line 13, auth.policies.a.backends[1]: no backend has such a name; did you mean us-fleet?",
            ],
        ),
        (
            f"auth:\n  mode: jwt\n  {JWT}\n  policies:\n    a: {{operations: READ}}\n    b: {{}}\n    c:\n"
            "      - {audit: true, backend: '*'}",
            ["line 8, auth.policies.c[0].backend: unknown key; did you mean backends?"],
        ),
        (
            f"auth:\n  mode: jwt\n  {JWT}\n  policies:\n    a: {{operations: READ}}\n    b: {{}}\n",
            [
                "line 5, auth.policies.a.backends: is missing; list names of backends, or '*'",
                "line 6, auth.policies.b: this rule gives nothing; add operations, raw, audit, metrics or explore",
            ],
        ),
        (
            "server:\n  tls: {certificate: a, private_key: b, require_client_certificate: true}",
            ["line 2, server.tls: require_client_certificate needs client_ca, which says whose certificates count"],
        ),
    ],
)
def test_a_fault_is_told_with_its_line_and_the_way_out(text: str, expected: list[str], vendors: Vendors) -> None:
    assert problems(text, vendors) == expected


@pytest.mark.parametrize(
    "text",
    [
        "auth: {mode: api_keys, api_keys: [{name: a, sha256: otag_hunter2, roles: [viewer]}]}",
        "auth: {mode: api_keys, api_keys: [otag_hunter2]}",
        "auth: {mode: api_keys, api_keys: otag_hunter2}",
        "auth: {mode: router, router: {shared_secret: hunter2}}",
        "auth: {mode: router, router: {shared_secret: {hunter2: hunter2}}}",
        "auth: {mode: router, router: hunter2}",
        "auth: {mode: hunter2}",
        "auth: {mode: jwt, jwt: {issuer: a, audience: b, jwks_url: 'https://user:hunter2@id.example/keys'}}",
        "auth: {mode: jwt, jwt: {issuer: a, audience: b, jwks_url: 'http://id.example/hunter2'}}",
        "auth: {mode: jwt, policies: {a: {operations: [hunter2], backends: [hunter2]}}}",
        "auth: {policies: {a: {operations: [hunter2], backends: [hunter2]}}}",
        "auth: {mode: jwt, otag_hunter2: }",
    ],
)
def test_no_fault_of_the_section_repeats_what_may_be_a_secret(text: str, vendors: Vendors) -> None:
    assert not [one for one in problems(text, vendors) if "hunter2" in one]


def test_secrets_do_not_print(vendors: Vendors) -> None:
    settings = read(EXAMPLES[2], vendors)
    assert settings.auth.router is not None
    assert "x" * 32 not in repr(settings) + str(settings.model_dump()) + settings.model_dump_json()
    assert "9f86d081" not in repr(read(EXAMPLES[0], vendors))


def test_with_authentication_any_address_may_be_bound(vendors: Vendors) -> None:
    on = read(f"server: {{host: 0.0.0.0}}\nauth: {{mode: jwt, {JWT}, {POLICY}}}", vendors)
    assert on.listening("192.168.1.1", 80).server.host == "192.168.1.1"
    assert [one.split(":")[0] for one in cautions(on)] == ["server.tls"]


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ("cache: {url: 'redis://:pw@cache.example/0'}", ["cache.url"]),
        ("cache: {url: 'rediss://:pw@cache.example/0'}", []),
        ("cache: {url: 'redis://127.0.0.1'}", []),
        ("ledger: {url: 'postgresql+asyncpg://u:pw@db.example/ota'}", ["ledger.url"]),
        ("ledger: {url: 'postgresql+asyncpg://u:pw@db.example/ota?ssl=require'}", ["ledger.url"]),
        ("ledger: {url: 'postgresql+asyncpg://u:pw@db.example/ota?ssl=verify-full'}", []),
        ("ledger: {url: 'postgresql+asyncpg://u:pw@/ota?host=/var/run/postgresql'}", []),
        ("ledger: {url: 'postgresql+asyncpg://u:pw@/ota?host=db.example:5432'}", ["ledger.url"]),
        ("ledger: {url: 'postgresql+asyncpg://u:pw@localhost/ota'}", []),
    ],
)
def test_what_travels_unprotected_is_told_at_the_start(section: str, told: list[str], vendors: Vendors) -> None:
    found = list(cautions(read(section, vendors)))
    assert [one.split(":")[0] for one in found] == told
    assert not [one for one in found if "pw" in one]


@pytest.mark.parametrize(
    "url",
    [
        "redis://h/0?ssl_cert_reqs=none",
        "rediss://h/0?ssl_cert_reqs=none",
        "rediss://h?ssl_cert_reqs=none",
        "redis://h#x",
    ],
)
def test_nothing_turns_off_the_verification_of_redis(url: str, vendors: Vendors) -> None:
    assert problems(f"cache: {{url: '{url}'}}", vendors)[0].startswith("line 1, cache.url: expected ")


def backend(**members: Any) -> str:
    return yaml.safe_dump({"backends": [{"name": "a", "vendor": "north-ota", "region": "r", **members}]})


def test_an_endpoint_in_clear_is_refused_unless_it_is_near_or_said_to_be_meant(vendors: Vendors) -> None:
    with pytest.raises(ConfigurationError, match="travel in clear; use https in the endpoint, or say allow_plain_http"):
        parse(backend(endpoint="http://vendor.example"), {}, vendors)
    near = parse(backend(endpoint="http://127.0.0.1:8080"), {}, vendors)
    meant = parse(backend(endpoint="http://vendor.example", allow_plain_http=True), {}, vendors)
    assert list(cautions(near)) == []
    assert [one.split(":")[0] for one in cautions(meant)] == ["a"]
