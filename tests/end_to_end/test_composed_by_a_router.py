"""What a router that composes the gateway as a subgraph asks of it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.simulated_gateway import SimulatedGateway, simulated_gateway

ENTITIES = """query Entities($r: [_Any!]!) {
  one: _entities(representations: $r) { __typename ... on OtaTask { name } ... on OtaDevice { urn } }
  two: _entities(representations: $r) { __typename } }"""


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[SimulatedGateway]:
    async with simulated_gateway(tmp_path) as gateway:
        yield gateway


async def test_one_bad_representation_spoils_only_its_own_entry(gateway: SimulatedGateway) -> None:
    task = (await gateway.ask("{ tasks(first: 1) { nodes { id name } } }"))["tasks"]["nodes"][0]
    representations = [
        {"__typename": "OtaTask", "id": task["id"], "unasked": 1},
        {"__typename": "Nobody", "id": "x"},
        {"id": "x"},
        {"__typename": "OtaTask", "id": "altered"},
        {"__typename": "OtaTask"},
        {"__typename": "OtaDevice", "urn": "no-such-backend/x"},
    ]
    answer = await gateway.answer(ENTITIES, r=representations)

    assert answer["data"]["one"][0] == {"__typename": "OtaTask", "name": task["name"]}
    assert answer["data"]["one"][1:] == [None] * 5
    assert answer["data"]["two"][0] == {"__typename": "OtaTask"}
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"BAD_USER_INPUT"}
    assert len(answer["errors"]) == 10


async def test_the_sdl_links_federation_2_9_and_names_every_entity(gateway: SimulatedGateway) -> None:
    sdl = (await gateway.ask("{ _service { sdl } }"))["_service"]["sdl"]

    assert "https://specs.apollo.dev/federation/v2.9" in sdl
    for entity, keys in {"OtaTask": 1, "OtaPackage": 1, "OtaExecution": 1, "OtaDevice": 2}.items():
        declaration = next(line for line in sdl.splitlines() if line.startswith(f"type {entity} "))
        assert declaration.count("@key") == keys
