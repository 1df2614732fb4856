"""The subgraph `products` of Apollo's compatibility suite: its schema and data, over our own federation and HTTP.

`python -m tests.prove.federation.products PORT` serves it at http://127.0.0.1:PORT/graphql. Strawberry makes the types
and the trace; who finds entities, what prints the schema, executes and answers is the gateway's.
"""

import sys
from collections.abc import Iterable
from typing import Annotated, Any

import strawberry
import uvicorn
from starlette.requests import HTTPConnection
from strawberry.extensions.tracing import ApolloFederationTracingExtension
from strawberry.schema_directive import Location

from gateway.plans import PlannedSchema
from gateway.schema.entities import Entities, Key, Representation
from gateway.schema.federation import FederatedSchema
from gateway.settings import ServerSettings
from gateway.web import create_web

EMAIL = "support@apollographql.com"


@strawberry.federation.schema_directive(
    locations=[Location.OBJECT], name="custom", compose=True, import_url="https://myspecs.dev/myCustomDirective/v1.0"
)
class Custom:
    pass


@strawberry.federation.type(extend=True, keys=["email"])
class User:
    email: strawberry.ID = strawberry.federation.field(external=True)
    name: str | None = strawberry.federation.field(override="users", default="Jane Smith")
    total_products_created: int | None = strawberry.federation.field(external=True, default=1337)
    years_of_employment: int = strawberry.federation.field(external=True, default=10)

    @strawberry.federation.field(requires=["totalProductsCreated", "yearsOfEmployment"])
    def average_products_created_per_year(self) -> int | None:
        created = self.total_products_created
        return None if created is None else round(created / self.years_of_employment)


@strawberry.federation.type(shareable=True)
class ProductDimension:
    size: str | None = "small"
    weight: float | None = 1
    unit: str | None = strawberry.federation.field(inaccessible=True, default="kg")


@strawberry.type
class ProductVariation:
    id: strawberry.ID


@strawberry.type
class CaseStudy:
    case_number: strawberry.ID
    description: str | None


@strawberry.federation.type(keys=["study { caseNumber }"])
class ProductResearch:
    study: CaseStudy
    outcome: str | None = None


@strawberry.federation.type(keys=["sku package"])
class DeprecatedProduct:
    sku: str = "apollo-federation-v1"
    package: str = "@apollo/federation-v1"
    reason: str | None = "Migrate to Federation V2"

    @strawberry.field
    def created_by(self) -> User | None:
        return _USER


@strawberry.federation.type(keys=["id", "sku package", "sku variation { id }"], directives=[Custom()])
class Product:
    id: strawberry.ID
    sku: str | None
    package: str | None
    variation: ProductVariation | None
    research: list[ProductResearch]
    notes: str | None = strawberry.federation.field(tags=["internal"], default=None)

    @strawberry.field
    def dimensions(self) -> ProductDimension | None:
        return ProductDimension()

    @strawberry.federation.field(provides=["totalProductsCreated"])
    def created_by(self) -> User | None:
        return _USER


@strawberry.federation.interface_object(keys=["id"])
class Inventory:
    id: strawberry.ID

    @strawberry.field
    def deprecated_products(self) -> list[DeprecatedProduct]:
        return [_DEPRECATED]


_USER = User(email=strawberry.ID(EMAIL))
_DEPRECATED = DeprecatedProduct()
_RESEARCH = [
    ProductResearch(study=CaseStudy(case_number=strawberry.ID(number), description=description))
    for number, description in (("1234", "Federation Study"), ("1235", "Studio Study"))
]
_PRODUCTS = [
    Product(
        id=strawberry.ID(key),
        sku=sku,
        package=package,
        variation=ProductVariation(id=strawberry.ID(variation)),
        research=[research],
    )
    for (key, sku, package, variation), research in zip(
        (
            ("apollo-federation", "federation", "@apollo/federation", "OSS"),
            ("apollo-studio", "studio", "", "platform"),
        ),
        _RESEARCH,
        strict=True,
    )
]


def _by_id(_: Any, key: Representation) -> Product | None:
    return _first(one for one in _PRODUCTS if one.id == key["id"])


def _by_package(_: Any, key: Representation) -> Product | None:
    return _first(one for one in _PRODUCTS if (one.sku, one.package) == (key["sku"], key["package"]))


def _by_variation(_: Any, key: Representation) -> Product | None:
    wanted = (key["sku"], key["variation"]["id"])
    return _first(one for one in _PRODUCTS if one.variation and (one.sku, one.variation.id) == wanted)


def _deprecated(_: Any, key: Representation) -> DeprecatedProduct | None:
    found = (key["sku"], key["package"]) == (_DEPRECATED.sku, _DEPRECATED.package)
    return _DEPRECATED if found else None


def _research(_: Any, key: Representation) -> ProductResearch | None:
    return _first(one for one in _RESEARCH if one.study.case_number == key["study"]["caseNumber"])


async def _user(_: Any, key: Representation) -> User | None:
    """What averageProductsCreatedPerYear requires stands beside the key."""
    required = {"total_products_created": "totalProductsCreated", "years_of_employment": "yearsOfEmployment"}
    given = {name: key[shown] for name, shown in required.items() if shown in key}
    return User(email=key["email"], **given)


def _inventory(_: Any, key: Representation) -> Inventory | None:
    return Inventory(id=key["id"])


def _first(found: Iterable[Any]) -> Any:
    return next(iter(found), None)


@strawberry.federation.type(extend=True)
class Query:
    @strawberry.field
    def product(self, key: Annotated[strawberry.ID, strawberry.argument(name="id")]) -> Product | None:
        return _by_id(None, {"id": key})

    @strawberry.field(deprecation_reason="Use product query instead")
    def deprecated_product(self, sku: str, package: str) -> DeprecatedProduct | None:
        return _deprecated(None, {"sku": sku, "package": package})


def build_schema() -> FederatedSchema:
    """The suite's published tests know links up to this version."""
    return FederatedSchema(
        query=Query,
        types=[Inventory],
        extensions=[ApolloFederationTracingExtension],
        federation_version="2.3",
        entities=Entities(
            {
                "Product": [
                    Key("id", _by_id),
                    Key("sku package", _by_package),
                    Key("sku variation { id }", _by_variation),
                ],
                "DeprecatedProduct": [Key("sku package", _deprecated)],
                "ProductResearch": [Key("study { caseNumber }", _research)],
                "User": [Key("email", _user)],
                "Inventory": [Key("id", _inventory)],
            }
        ),
    )


def _context(connection: HTTPConnection) -> object:
    return {"request": connection}


if __name__ == "__main__":
    app = create_web(PlannedSchema(build_schema()), _context, server=ServerSettings())
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
