"""What `_service` tells routers about access is what the gateway asks for: neither more nor less."""

import json
import re
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from graphql import FieldDefinitionNode, ObjectTypeDefinitionNode, parse, value_from_ast_untyped

from gateway.auth.rights import CHANGES
from gateway.domain.operations import Support
from tests.auth.conftest import POLICIES, Serving, jwt_section
from tests.support.callers_gateway import Client
from tests.support.identity_provider import claims, jwk_of, key_of, signed
from tests.support.simulated_gateway import CHANGES as INPUTS
from tests.support.simulated_gateway import SimulatedGateway, simulated_gateway
from tests.support.vendor_tables import table_of

SECRET = "a secret that a router and its gateway share"
OTHERS = ("raw", "audit")
RIGHTS = (*sorted(one.value for one in CHANGES), *OTHERS)
ROOTS = ("Query", "Mutation", "Subscription")
ENTITIES = ("OtaTask", "OtaPackage", "OtaExecution", "OtaDevice")
ROUTER = {"mode": "router", "router": {"shared_secret": SECRET}}
SDL = {"query": "{ _service { sdl } }"}
OBJECTS = """{ tasks(first: 40) { nodes { id backend { name } executions(first: 1) { nodes { id } } } }
  packages(first: 40) { nodes { id backend { name } } } auditEntries(first: 1) { nodes { id } } }"""


def rule(rights: Any) -> dict[str, Any]:
    """A rule that lets everything be read, and gives these rights."""
    operations = ["READ", *(one for one in rights if one not in OTHERS)]
    return {"operations": operations, "backends": "*"} | {one: True for one in OTHERS if one in rights}


# For each right a role that has it beside reading, and one that has all others.
ROLES = {
    **{f"has-{one}": rule([one]) for one in RIGHTS},
    **{f"lacks-{one}": rule([other for other in RIGHTS if other != one]) for one in RIGHTS},
    "explorer": {"explore": True},
}
HAVING = {one: {f"has-{one}", *(f"lacks-{other}" for other in RIGHTS if other != one)} for one in RIGHTS}


def by(role: str) -> dict[str, str]:
    return {"x-ota-principal": role, "x-ota-roles": role, "x-ota-router-secret": SECRET}


def directives(node: Any, name: str) -> list[dict[str, Any]]:
    """The arguments of each application of a directive."""
    return [
        {argument.name.value: value_from_ast_untyped(argument.value) for argument in one.arguments or ()}
        for one in node.directives or ()
        if one.name.value == name
    ]


def fields_of(sdl: str) -> dict[tuple[str, str], FieldDefinitionNode]:
    types = [node for node in parse(sdl).definitions if isinstance(node, ObjectTypeDefinitionNode)]
    return {(kind.name.value, field.name.value): field for kind in types for field in kind.fields or ()}


def asked_roles(sdl: str, name: str = "policy", member: str = "policies") -> dict[tuple[str, str], set[str]]:
    """The fields that ask for one of some roles."""
    found: dict[tuple[str, str], set[str]] = {}
    for place, field in fields_of(sdl).items():
        for given in directives(field, name):
            assert all(len(one) == 1 for one in given[member])
            found[place] = {one[0] for one in given[member]}
    return found


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[SimulatedGateway]:
    section = {**ROUTER, "directives": True, "policies": ROLES}
    async with simulated_gateway(tmp_path, fleet={"tasks": 2}, sections={"auth": section}) as served:
        yield served


async def sdl_of(gateway: SimulatedGateway) -> str:
    return str((await gateway.ask(SDL["query"], by("explorer")))["_service"]["sdl"])


async def test_each_right_is_printed_with_the_roles_that_give_it_and_each_that_is_printed_is_asked_for(
    gateway: SimulatedGateway,
) -> None:
    printed = asked_roles(await sdl_of(gateway))
    right_of = {place: next(one for one in RIGHTS if f"has-{one}" in roles) for place, roles in printed.items()}
    assert {place: HAVING[right] for place, right in right_of.items()} == printed
    assert set(right_of.values()) == set(RIGHTS)
    assert {place[1] for place in printed if place[0] == "Mutation"} == set(INPUTS)

    shown = await gateway.ask(OBJECTS, by("has-audit"))
    tried = set()
    for (kind, name), right in right_of.items():
        for having in (True, False):
            headers = by(f"has-{right}" if having else f"lacks-{right}")
            if kind == "Mutation":
                members = await _members(gateway, shown, right)
                if members is None:
                    continue
                query = f"mutation M($input: {INPUTS[name]}!) {{ {name}(input: $input) {{ errors {{ code }} }} }}"
                answer = await gateway.ask(query, headers, input={**members, "dryRun": True})
                denied = "PERMISSION_DENIED" in {error["code"] for error in answer[name]["errors"]}
            elif kind == "OtaAuditEntry":
                denied = await _entry_is_hidden(gateway, headers, name)
            else:
                denied = await _is_forbidden(gateway, headers, shown, kind, name)
            assert denied is not having, (kind, name, right, having)
            tried.add((kind, name))
    supported = {one.operation.value for at in gateway.backends.values() for one in at.manifest.capabilities
                 if one.support is not Support.NONE}  # fmt: skip
    assert {right_of[place] for place in tried} == {*OTHERS, *(one for one in supported if one in RIGHTS)}


async def _members(gateway: SimulatedGateway, shown: Mapping[str, Any], right: str) -> dict[str, Any] | None:
    """An input for the change, at a backend that has it; None where none has."""
    for slug, backend in gateway.backends.items():
        support = {one.operation.value: one.support for one in backend.manifest.capabilities}
        if support[right] is Support.NONE:
            continue
        tasks, packages = (
            [row for row in shown[kind]["nodes"] if row["backend"]["name"] == backend.name]
            for kind in ("tasks", "packages")
        )
        match right:
            case "CREATE_TASK":
                viewer = Client.over(gateway, gateway.url, by("has-raw"))
                return {"backend": backend.name, **await table_of(slug).draft(viewer)}
            case "UPDATE_TASK":
                return {"id": tasks[0]["id"], "description": "new"}
            case "DELETE_PACKAGE":
                return {"id": packages[0]["id"]}
            case "CANCEL_EXECUTION":
                return {"executionIds": [tasks[0]["executions"]["nodes"][0]["id"]]}
            case "DELETE_EXECUTION":
                return {"id": tasks[0]["executions"]["nodes"][0]["id"]}
            case _:
                return {"id": tasks[0]["id"]}
    return None


async def _is_forbidden(
    gateway: SimulatedGateway, headers: Mapping[str, str], shown: Mapping[str, Any], kind: str, name: str
) -> bool:
    """Whether reading a field of the query, or the raw JSON of an object, is refused."""
    task = shown["tasks"]["nodes"][0]
    ids = {
        "OtaTask": task["id"],
        "OtaExecution": task["executions"]["nodes"][0]["id"],
        "OtaPackage": shown["packages"]["nodes"][0]["id"],
    }
    if kind == "Query":
        answer = await gateway.answer(f"{{ {name} {{ nodes {{ id }} }} }}", headers)
    else:
        query = f"query One($id: ID!) {{ node(id: $id) {{ ... on {kind} {{ {name} }} }} }}"
        answer = await gateway.answer(query, headers, id=ids[kind])
    return {error["extensions"]["code"] for error in answer.get("errors", ())} == {"FORBIDDEN"}


async def _entry_is_hidden(gateway: SimulatedGateway, headers: Mapping[str, str], name: str) -> bool:
    """Whether a field of an entry of the audit cannot be had by its id."""
    entries = []
    while not entries:  # denials are written behind the answers
        found = await gateway.ask("{ auditEntries(first: 1) { nodes { id } } }", by("has-audit"))
        entries = found["auditEntries"]["nodes"]
    selected = f"{name} {{ code }}" if name == "errors" else name
    query = f"query One($id: ID!) {{ node(id: $id) {{ ... on OtaAuditEntry {{ {selected} }} }} }}"
    return (await gateway.ask(query, headers, id=entries[0]["id"]))["node"] is None


async def test_all_ways_in_ask_who_calls(gateway: SimulatedGateway) -> None:
    sdl = await sdl_of(gateway)
    types = {node.name.value: node for node in parse(sdl).definitions if isinstance(node, ObjectTypeDefinitionNode)}
    roots = [place for place, field in fields_of(sdl).items() if place[0] in ROOTS]
    ways = {place for place in roots if directives(fields_of(sdl)[place], "authenticated")}
    assert ways == set(roots)
    assert len(ways) > 20
    assert {name for name, node in types.items() if directives(node, "authenticated")} == {*ENTITIES, "OtaAuditEntry"}
    # Nobody comes in by any of them, whatever is asked.
    for _, name in roots:
        refused = await gateway.http.post(f"{gateway.url}/graphql", json={"query": f"{{ {name} }}"})
        assert refused.status_code == 401
    entities = "query E($of: [_Any!]!) { _entities(representations: $of) { __typename } }"
    for name in ENTITIES:
        body = {"query": entities, "variables": {"of": [{"__typename": name, "id": "x"}]}}
        assert (await gateway.http.post(f"{gateway.url}/graphql", json=body)).status_code == 401


async def test_node_and_what_other_subgraphs_share_carry_nothing(gateway: SimulatedGateway) -> None:
    sdl = await sdl_of(gateway)
    assert re.search(r"^interface Node \{$", sdl, re.MULTILINE)
    assert re.search(r"^type PageInfo @shareable \{$", sdl, re.MULTILINE)
    assert directives(fields_of(sdl)["OtaAuditEntry", "id"], "policy") == []
    imported = '["@authenticated", "@key", "@policy", "@shareable"]'
    assert f'"https://specs.apollo.dev/federation/v2.9", import: {imported}' in sdl


async def test_roles_that_are_scopes_are_printed_as_scopes(serving: Serving, tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({"keys": [jwk_of(key_of("RSA"), "one")]}))
    token = signed(key_of("RSA"), {"alg": "RS256", "kid": "one"}, claims(scope="see"))
    policies = {"ops cancel": {"operations": ["READ", "CANCEL_TASK"], "backends": "*"}, "see": {"explore": True}}
    async with serving({**jwt_section(roles_claim="scope", jwks_file=str(keys)), "policies": policies}) as asked:
        answer = await asked.post(SDL, bearer=token)
    sdl = answer.json()["data"]["_service"]["sdl"]
    scopes = asked_roles(sdl, "requiresScopes", "scopes")
    assert scopes["Mutation", "cancelOtaTask"] == {"ops cancel"}
    assert scopes["Mutation", "deleteOtaTask"] == {"ota:nobody"}
    assert "@policy" not in sdl


async def test_nothing_is_printed_by_itself_that_some_routers_cannot_judge(serving: Serving) -> None:
    async with serving({**ROUTER, "policies": {**POLICIES, "explorer": {"explore": True}}}) as asked:
        sdl = (await asked.post(SDL, headers=by("explorer"))).json()["data"]["_service"]["sdl"]
    assert "@authenticated" not in sdl
    assert "@policy" not in sdl
