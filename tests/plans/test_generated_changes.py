"""Generated mutations are answered by plans as graphql-core answers them, and leave the same behind.

Most are refused or dry runs, some are carried out, some have their answer lost. Each example begins with two ledgers
and two sets of backends in the same state, and ends with a look at the audit of both.
"""

from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given, settings

from gateway.schema.federation import FederatedSchema
from tests.plans.answers import Tally, reference_schema
from tests.plans.conftest import Asking
from tests.plans.requests import Asked, changes
from tests.plans.settings import STEADY, UNBEGUN

EXAMPLES = 190
OPERATIONS = 500
pytestmark = [pytest.mark.filterwarnings(one) for one in UNBEGUN]
_LEFT = Asked(
    query="""{ auditEntries(first: 50) { nodes { id at closedAt state actor operation backend targets outcome reason
      idempotencyKey before after vendorRequestIds errors { __typename code message retryable backend target } } } }"""
)


@pytest.mark.timeout(1800)
def test_mutations_are_answered_alike_and_leave_the_same(
    asking: Asking,
    reference: FederatedSchema,
    apart: Callable[[], Awaitable[None]],
    record_property: Callable[[str, object], None],
) -> None:
    tally = asking.pair.tally = Tally()

    async def both(asked: list[Asked]) -> None:
        await apart()
        for one in asked:
            await asking.pair.compare(one)
        await asking.pair.compare(_LEFT, counted=False)

    @settings(STEADY, max_examples=EXAMPLES)
    @given(changes(reference_schema(reference), asking.known))
    def compare(asked: list[Asked]) -> None:
        asking.runner.run(both(asked))

    compare()
    for line in tally.lines("generated mutations"):
        record_property("figures", line)
    assert tally.compared >= OPERATIONS
    assert tally.executed >= tally.compared / 2
