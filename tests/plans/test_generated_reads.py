"""Generated queries are answered by plans as graphql-core answers them, to the byte.

Each example is a document, asked once or several times with other variables, of two worlds in which nothing was read
before: what the first request reads, the later ones find remembered.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.schema.federation import FederatedSchema
from tests.plans.answers import reference_schema
from tests.plans.conftest import Asking
from tests.plans.requests import flaws, reads
from tests.plans.settings import STEADY

DOCUMENTS = 1000
FLAWED = 200


@pytest.mark.timeout(900)
@given(data=st.data())
@settings(STEADY, max_examples=DOCUMENTS)
def test_valid_queries_are_answered_alike(data: st.DataObject, asking: Asking, reference: FederatedSchema) -> None:
    asked = data.draw(reads(reference_schema(reference), asking.known))

    async def compare() -> None:
        await asking.pair.begin_anew()
        for one in asked:
            await asking.pair.compare(one)

    asking.runner.run(compare())


@pytest.mark.timeout(900)
@given(data=st.data())
@settings(STEADY, max_examples=FLAWED)
def test_flawed_documents_are_refused_alike(data: st.DataObject, asking: Asking, reference: FederatedSchema) -> None:
    asked = data.draw(flaws(reference_schema(reference), asking.known))

    async def compare() -> None:
        await asking.pair.begin_anew()
        for one in asked:
            await asking.pair.compare(one)

    asking.runner.run(compare())
