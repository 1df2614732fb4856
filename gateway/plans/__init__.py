"""Plans: GraphQL operations compiled once, so that a warm query costs little more than its rows.

graphql-core stays the reference. A plan keeps, for one operation, what graphql-core would work out again at each
request (which fields are selected, their arguments, their resolvers), and reads whatever is plain attributes through a
function generated for the selection. Where something is not as that function expects, graphql-core completes that very
value, from the same objects, so that answers and errors are the same to the byte.

Knows GraphQL and Strawberry, and nothing of what is served with them.
"""

from gateway.plans.planned_schema import OperationNotNamed, PlannedSchema
from gateway.plans.rates import RequestRates, TooManyRequests
from gateway.plans.trusted import NO_DOCUMENTS, BrokenManifest, TrustedDocuments, check_documents, documents_in

__all__ = [
    "NO_DOCUMENTS",
    "BrokenManifest",
    "OperationNotNamed",
    "PlannedSchema",
    "RequestRates",
    "TooManyRequests",
    "TrustedDocuments",
    "check_documents",
    "documents_in",
]
