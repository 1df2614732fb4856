"""Plans: GraphQL operations compiled once, so that a warm query costs little more than its rows.

graphql-core stays the reference. A plan keeps, for one operation, what graphql-core would work out again at each
request (which fields are selected, their arguments, their resolvers), and reads whatever is plain attributes through a
function generated for the selection. Where something is not as that function expects, graphql-core completes that very
value, from the same objects, so that answers and errors are the same to the byte.

Knows GraphQL and Strawberry, and nothing of what is served with them.
"""

from gateway.plans.planned_schema import PlannedSchema

__all__ = ["PlannedSchema"]
