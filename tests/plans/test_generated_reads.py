"""Generated queries are answered by plans as graphql-core answers them, to the byte.

Each example is a document, asked once or several times with other variables, of two worlds in which nothing was read
before: what the first request reads, the later ones find remembered, unless all are under way at the same time.
"""

from collections.abc import Callable

import pytest
from hypothesis import given, settings

from gateway.schema.federation import FederatedSchema
from tests.plans.answers import Tally, reference_schema
from tests.plans.conftest import Asking
from tests.plans.requests import Asked, flaws, reads
from tests.plans.settings import STEADY, UNBEGUN

# With the mutations and the flawed requests these make 5,000 at least.
DOCUMENTS = 2300
OPERATIONS = 4000
FLAWED = 520
# Shares of all operations that have to be there for the comparison to mean anything.
LEAST = {"rows": 0.3, "errors": 0.2, "nulls in data": 0.25, "data beside errors": 0.1, "data null": 0.02}
LEAST |= {"directives": 0.4, "fragments": 0.4, "variables": 0.4, "introspection": 0.02}

pytestmark = [pytest.mark.filterwarnings(one) for one in UNBEGUN]

Record = Callable[[str, object], None]


@pytest.mark.timeout(1800)
def test_valid_queries_are_answered_alike(asking: Asking, reference: FederatedSchema, record_property: Record) -> None:
    tally = asking.pair.tally = Tally()

    @settings(STEADY, max_examples=DOCUMENTS)
    @given(reads(reference_schema(reference), asking.known))
    def compare(asked: list[Asked]) -> None:
        asking.runner.run(_anew(asking, asked))

    compare()
    for line in tally.lines("generated queries"):
        record_property("figures", line)
    assert tally.compared >= OPERATIONS
    assert {trait: tally.seen[trait] for trait, least in LEAST.items() if tally.seen[trait] < least * OPERATIONS} == {}


@pytest.mark.timeout(1800)
def test_flawed_documents_are_refused_alike(
    asking: Asking, reference: FederatedSchema, record_property: Record
) -> None:
    tally = asking.pair.tally = Tally()

    @settings(STEADY, max_examples=FLAWED)
    @given(flaws(reference_schema(reference), asking.known))
    def compare(asked: list[Asked]) -> None:
        asking.runner.run(_anew(asking, asked))

    compare()
    for line in tally.lines("generated flawed requests"):
        record_property("figures", line)
    assert tally.compared >= 500
    assert tally.seen["never executed"] >= 0.8 * FLAWED


async def _anew(asking: Asking, asked: list[Asked]) -> None:
    await asking.pair.begin_anew()
    if any(one.at_once for one in asked):
        await asking.pair.compare_at_once(asked)
        return
    for one in asked:
        await asking.pair.compare(one)
        for _ in range(1, one.times):
            await asking.pair.compare(one, counted=False)
