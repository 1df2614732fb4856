"""The GraphQL surface. Its types declare which attributes of domain objects are shown; its resolvers call services.

The enums are named first of all: an argument of a domain enum is resolved as soon as its resolver is decorated.
"""

from gateway.schema import enums as enums
