"""Documents: measured, parsed and validated once, kept by their text, with the plans and costs of their operations."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    Visitor,
    parse,
    visit,
)
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.values import VariableValues
from graphql.type.directives import GraphQLDisableErrorPropagationDirective
from strawberry import Schema
from strawberry.types.graphql import OperationType as StrawberryOperationType

from gateway.domain.limits import Limits
from gateway.plans.costs import Cost, Costs
from gateway.plans.executor import PlannedExecutor
from gateway.plans.incremental import DIRECTIVES
from gateway.plans.limits import exceeded
from gateway.plans.measuring import Measured, measured
from gateway.plans.operation_plan import OperationPlan
from gateway.plans.scanning import check_text
from gateway.plans.validation import errors_of
from gateway.plans.variables import Variables

_MOST_DOCUMENTS: Final = 256
_LONGEST_KEPT: Final = 100_000
# What is never executed takes no place from what is.
_LONGEST_KEPT_IN_VAIN: Final = 1_000
# A document takes some thirty times the memory of its text.
_MOST_CHARACTERS: Final = 1_000_000
_MOST_PLANS: Final = 16
_CONDITIONS: Final = {"skip", "include"} | DIRECTIVES


@dataclass(slots=True)
class PlannedOperation:
    """One operation of a document, with an executor for each combination of values that its conditions' variables took.

    `reason` tells why graphql-core executes all of it, where it does.
    """

    node: OperationDefinitionNode
    kind: StrawberryOperationType
    variables: Variables
    cost: Cost
    fragments: dict[str, FragmentDetails]
    conditions: tuple[str, ...]
    reason: str | None
    _executors: OrderedDict[tuple[Any, ...], PlannedExecutor] = field(default_factory=OrderedDict)

    def refusal(self, variables: Mapping[str, Any] | None, limits: Limits) -> GraphQLError | None:
        """That it could bring back more objects than there may be, under these variables as they were sent."""
        objects = self.cost.of(variables) if self.cost.terms else self.cost.fixed
        return exceeded("objects", limits.objects, objects, where=[self.node]) if objects > limits.objects else None

    def executor(self, schema: Schema, variables: VariableValues) -> PlannedExecutor | None:
        """What executes it under these variables, to be copied for each request; None where graphql-core has to.

        A condition that is null is an error of whatever selection is reached first that has it.
        """
        key = tuple(variables.coerced.get(name) for name in self.conditions)
        if None in key:
            return None
        executor = self._executors.get(key)
        if executor is None:
            plan = OperationPlan.of(schema._schema, schema.config, self.node, self.fragments, variables)
            executor = PlannedExecutor.following(plan, self.fragments, schema.config.info_class)
            self._executors[key] = executor
            if len(self._executors) > _MOST_PLANS:
                self._executors.popitem(last=False)
        return executor


@dataclass(frozen=True, slots=True)
class Document:
    """A document: its operations by name, the only one, if it is the only one, also under None; and what is wrong.

    What cannot be parsed has no operations, and is `unreadable`. Nor has what is beyond a limit: `refusal` says which.
    `several` tells that one of its operations has to be named, `exploring` are the fields that ask what the schema is,
    `delaying` that some of it is deferred or streamed.
    """

    operations: dict[str | None, PlannedOperation] = field(default_factory=dict)
    errors: list[GraphQLError] | None = None
    unreadable: bool = False
    refusal: GraphQLError | None = None
    several: bool = False
    exploring: tuple[FieldNode, ...] = ()
    delaying: bool = False


class Documents:
    """The documents of late, and short ones that are not valid. One on which parsing or validation broke down is None.

    Without `validating`, whoever executes them finds out what is invalid.
    """

    def __init__(self, schema: Schema, limits: Limits, *, validating: bool = True) -> None:
        self._schema = schema
        self._limits = limits
        self._validating = validating
        self._costs = Costs(schema._schema)
        self._kept: OrderedDict[str, Document | None] = OrderedDict()
        self._latest: tuple[str, Document | None] | None = None
        self._characters = 0

    def get(self, text: str) -> Document | None:
        """The document of that text."""
        try:
            document = self._kept[text]
        except KeyError:
            # One request may look several times.
            if self._latest is None or self._latest[0] is not text:
                self._latest = (text, self._new(text))
            return self._latest[1]
        self._kept.move_to_end(text)
        return document

    def _new(self, text: str) -> Document | None:
        try:
            check_text(text, self._limits)
        # Found out again as quickly, so that it takes no other's place.
        except GraphQLError as error:
            return Document(refusal=error)
        document = self._read(text)
        in_vain = document is None or document.refusal is not None or document.errors is not None
        if len(text) <= (_LONGEST_KEPT_IN_VAIN if in_vain else _LONGEST_KEPT):
            self._keep(text, document)
        return document

    def _keep(self, text: str, document: Document | None) -> None:
        self._kept[text] = document
        self._characters += len(text)
        while len(self._kept) > _MOST_DOCUMENTS or self._characters > _MOST_CHARACTERS:
            oldest, _ = self._kept.popitem(last=False)
            self._characters -= len(oldest)

    def _read(self, text: str) -> Document | None:
        try:
            document = parse(text)
        except GraphQLSyntaxError as error:
            return Document(errors=[error], unreadable=True)
        _unlink(document)
        try:
            measure = measured(document, self._limits)
        except GraphQLError as error:
            return Document(refusal=error)
        try:
            errors = errors_of(self._schema._schema, text, document) if self._validating else []
        # Whatever it is: Strawberry answers it.
        except Exception:  # noqa: BLE001
            return None
        directives = _directives(document) if "@" in text else _Directives()
        operations = self._operations(document, measure, tuple(directives.conditions))
        several = sum(isinstance(node, OperationDefinitionNode) for node in document.definitions) > 1
        return Document(
            operations,
            errors or None,
            several=several,
            exploring=tuple(measure.exploring),
            delaying=directives.delaying,
        )

    def _operations(
        self, document: DocumentNode, measure: Measured, conditions: tuple[str, ...]
    ) -> dict[str | None, PlannedOperation]:
        schema = self._schema._schema
        fragments = {node.name.value: FragmentDetails(node) for node in measure.fragments}
        parts = self._costs.parts(measure.fragments)
        operations: dict[str | None, PlannedOperation] = {}
        nodes = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
        for node in nodes:
            declared = {one.variable.name.value for one in node.variable_definitions or ()}
            own = tuple(name for name in conditions if name in declared)
            operation = PlannedOperation(
                node,
                StrawberryOperationType(node.operation.value),
                Variables(schema, node),
                self._costs.of(node, parts),
                fragments,
                own,
                _reason(node),
            )
            operations[node.name.value if node.name else None] = operation
            if len(nodes) == 1:
                operations[None] = operation
        return operations


def _unlink(document: DocumentNode) -> None:
    """Let each token forget its neighbours, or every document would be a circle that only the collector frees."""
    token = document.loc.start_token if document.loc else None
    while token is not None:
        token.prev, token.next, token = None, None, token.next


def _reason(operation: OperationDefinitionNode) -> str | None:
    if operation.operation is OperationType.SUBSCRIPTION:
        return "a subscription is a stream of answers"
    propagation = GraphQLDisableErrorPropagationDirective.name
    if any(directive.name.value == propagation for directive in operation.directives or ()):
        return f"@{propagation} changes how errors travel"
    return None


class _Directives(Visitor):
    """The variables that conditions of a document name, and whether some of it is deferred or streamed."""

    def __init__(self) -> None:
        super().__init__()
        self.conditions: dict[str, None] = {}
        self.delaying = False

    def enter_directive(self, node: Any, *_: Any) -> None:
        name = node.name.value
        self.delaying = self.delaying or name in DIRECTIVES
        if name in _CONDITIONS:
            for argument in node.arguments or ():
                if argument.name.value == "if" and isinstance(argument.value, VariableNode):
                    self.conditions[argument.value.name.value] = None


def _directives(document: DocumentNode) -> _Directives:
    found = _Directives()
    visit(document, found)
    return found
