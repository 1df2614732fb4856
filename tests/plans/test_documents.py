"""Every operation that the documents and the demo show is answered by a plan as by graphql-core, nearly all whole."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import httpx

from gateway.domain.ids import Kind
from gateway.schema.federation import FederatedSchema
from gateway.settings import Settings
from tests.plans.answers import reference_schema
from tests.plans.conftest import Asking
from tests.plans.documented import documented, variables_for
from tests.plans.requests import Asked
from tests.support.simulated_gateway import served, simulated_gateway

MOST_STEPPED_ASIDE = 0.05


def test_every_operation_of_the_documents_is_answered_alike(
    asking: Asking, reference: FederatedSchema, record_property: Callable[[str, object], None]
) -> None:
    schema = reference_schema(reference)
    pair, known = asking.pair, asking.known
    task_id = known.ids[Kind.TASK][2]
    dry_run = {"id": task_id, "dryRun": True}
    values = {"ID": task_id, "String": "whole", "Int": 5, "Boolean": True, "CancelOtaTaskInput": dry_run}

    async def compare() -> int:
        count = 0
        for where, query, operation in documented(schema, task_id):
            await pair.begin_anew()
            name = operation.name.value if operation.name else None
            answer = await pair.compare(
                Asked(query=query, variables=variables_for(operation, values), operation_name=name)
            )
            assert "data" in answer, (where, query, answer)
            count += 1
        return count

    count = asking.runner.run(compare())
    assert count >= 7
    for line in pair.tally.lines("operations of the documents"):
        record_property("figures", line)
    assert pair.tally.executed == count
    assert pair.tally.stepped_aside < MOST_STEPPED_ASIDE * count


async def test_a_gateway_without_plans_answers_them_with_the_same_bytes(
    tmp_path: Path, reference: FederatedSchema
) -> None:
    async with simulated_gateway(tmp_path) as gateway:
        assert gateway.settings.server.plans
        server = gateway.settings.server.model_copy(update={"plans": False})
        without: Settings = gateway.settings.model_copy(update={"server": server})
        running = await gateway.ask("{ tasks(first: 1, filter: {status: [IN_PROGRESS]}) { nodes { id } } }")
        task_id = running["tasks"]["nodes"][0]["id"]
        async with served(without) as url:
            for _, query, operation in documented(reference_schema(reference), task_id):
                if operation.variable_definitions:
                    continue
                asked = Asked(query=query, operation_name=operation.name.value if operation.name else None)
                answers = await asyncio.gather(*(_by(asked, base, gateway.http) for base in (gateway.url, url)))
                assert answers[0] == answers[1], query


async def _by(asked: Asked, base: str, http: httpx.AsyncClient) -> tuple[int, bytes]:
    members = {"query": asked.query, "operationName": asked.operation_name}
    answer = await http.post(f"{base}/graphql", json=members)
    return answer.status_code, answer.content
