"""PlannedExecutor: graphql-core's executor, with a plan's short ways where the plan has one.

Each method here does what the method it overrides does, in the same order, for the cases that a plan knows, and calls
it for all others; errors are located, propagated and collected by graphql-core alone.
"""

from collections.abc import Awaitable
from types import CoroutineType
from typing import Any, cast

from graphql import (
    GraphQLError,
    GraphQLList,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    default_field_resolver,
    default_type_resolver,
    get_nullable_type,
)
from graphql.execution.collect_fields import FieldDetailsList, FragmentDetails, GroupedFieldSet
from graphql.execution.executor import CollectedErrors
from graphql.execution.values import VariableValues
from graphql.pyutils import Path, gather_with_cancel
from graphql.type.definition import GraphQLResolveInfoHelpers
from strawberry.execution.is_awaitable import optimized_is_awaitable
from strawberry.types.execution import ExecutionResult
from strawberry.types.info import Info

from gateway.plans.hints import shown_kind
from gateway.plans.incremental import WholeAnswers
from gateway.plans.operation_plan import FieldPlan, ObjectPlan, OperationPlan

Fragments = dict[str, FragmentDetails]


class PlannedExecutor(WholeAnswers):
    """One execution of a planned operation. Its answer is whole, also where the document defers or streams."""

    plan: OperationPlan
    info_class: type[Info]

    @classmethod
    def following(cls, plan: OperationPlan, fragments: Fragments, info_class: type[Info]) -> "PlannedExecutor":
        """An executor of the plan's operation, not yet of any request."""
        definitions = {name: details.definition for name, details in fragments.items()}
        executor = cls(
            plan.schema,
            definitions,
            fragments,
            None,
            None,
            plan.operation,
            VariableValues({}, {}),
            default_field_resolver,
            default_type_resolver,
            default_field_resolver,
            is_awaitable=optimized_is_awaitable,
        )
        executor.plan = plan
        executor.info_class = info_class
        executor._relevant_sub_fields = plan.selections.collected
        return executor

    def for_request(self, context: Any, variables: VariableValues) -> "PlannedExecutor":
        """The same for one request: a copy with its own context, variables and errors.

        Work that is settled in the background, and leaves by itself when it has ended, is held by all of them together.
        """
        executor = PlannedExecutor.__new__(PlannedExecutor)
        executor.__dict__.update(self.__dict__)
        executor.context_value = context
        executor.variable_values = variables
        executor.collected_errors = CollectedErrors()
        return executor

    @property
    def async_helpers(self) -> GraphQLResolveInfoHelpers:
        """What resolvers may use for asynchronous work; made when asked for.

        Kept, it would hold the executor that holds it, and every request would leave its garbage to the collector.
        """
        return GraphQLResolveInfoHelpers(gather=self.gather_async_work, track=self.track_async_work)

    @async_helpers.setter
    def async_helpers(self, _: GraphQLResolveInfoHelpers) -> None:
        pass

    def run(self) -> ExecutionResult | Awaitable[ExecutionResult]:
        """Execute the operation: the result, or an awaitable of it where something has to be waited for."""
        plan = self.plan
        execute = self.execute_fields_serially if plan.serial else self.execute_fields
        try:
            data = execute(plan.root_type, self.root_value, None, plan.root_fields, None)
        except GraphQLError as error:
            return self._failed(error)
        if self.is_awaitable(data):
            return self._awaited(data)
        return ExecutionResult(data=cast("dict[str, Any]", data), errors=self.collected_errors.errors or None)

    async def _awaited(self, data: Awaitable[dict[str, Any]]) -> ExecutionResult:
        try:
            return ExecutionResult(data=await data, errors=self.collected_errors.errors or None)
        except GraphQLError as error:
            return self._failed(error)

    def _failed(self, error: GraphQLError) -> ExecutionResult:
        self.collected_errors.add(error, None)
        return ExecutionResult(data=None, errors=self.collected_errors.errors)

    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Path | None,
        grouped_field_set: GroupedFieldSet,
        position_context: Any,
    ) -> Any:
        """Execute an object's fields: plain ones by one generated function, the others one by one."""
        plan = self.plan.object(parent_type, grouped_field_set)
        if plan is None:
            return super().execute_fields(parent_type, source_value, path, grouped_field_set, position_context)
        try:
            results = plan.read(source_value)
        # Whatever it is: the fields are executed one by one, and the one at fault tells.
        except Exception:  # noqa: BLE001
            return super().execute_fields(parent_type, source_value, path, grouped_field_set, position_context)
        return self._execute_others(plan, parent_type, source_value, path, results) if plan.others else results

    def _execute_others(
        self,
        plan: ObjectPlan,
        parent_type: GraphQLObjectType,
        source: Any,
        path: Path | None,
        results: dict[str, Any],
    ) -> Any:
        awaited: list[str] = []
        type_name = parent_type.name
        try:
            for key, details in plan.others:
                result = self.execute_field(parent_type, source, details, Path(path, key, type_name), None)
                results[key] = result
                if result.__class__ is CoroutineType or self.is_awaitable(result):
                    awaited.append(key)
        except Exception:
            if awaited:
                self.settle_in_background([results[key] for key in awaited])
            raise
        return _all_of(results, awaited) if awaited else results

    def execute_field(
        self,
        parent_type: GraphQLObjectType,
        source: Any,
        field_details_list: FieldDetailsList,
        path: Path,
        position_context: Any,
    ) -> Any:
        """Resolve and complete one field."""
        plan = self.plan.field(parent_type, field_details_list)
        if plan is None:
            return super().execute_field(parent_type, source, field_details_list, path, position_context)
        try:
            result = self._resolve(plan, parent_type, source, field_details_list, path)
            if result.__class__ is CoroutineType or self.is_awaitable(result):
                return self._complete_later(plan, parent_type, field_details_list, path, result)
            completed = self._complete(plan, parent_type, field_details_list, path, result)
            if completed.__class__ is CoroutineType or self.is_awaitable(completed):
                return self._settled(completed, plan.definition.type, field_details_list, path)
        except Exception as raw_error:  # noqa: BLE001
            self.handle_field_error(raw_error, plan.definition.type, field_details_list, path)
            return None
        return completed

    def _resolve(
        self,
        plan: FieldPlan,
        parent_type: GraphQLObjectType,
        source: Any,
        details: FieldDetailsList,
        path: Path,
    ) -> Any:
        resolving = plan.resolving
        if resolving.function is None:
            return getattr(source, resolving.attribute)  # type: ignore[arg-type]
        arguments = plan.arguments(self.variable_values)
        for name in resolving.source_as:
            arguments[name] = source
        if resolving.info_as is not None:
            arguments[resolving.info_as] = self.info_class(
                _raw_info=self._info(plan, parent_type, details, path), _field=resolving.strawberry_field
            )
        if resolving.positional_source:
            return resolving.function(source, **arguments)
        return resolving.function(**arguments)

    def _info(self, plan: FieldPlan, parent_type: GraphQLObjectType, details: FieldDetailsList, path: Path) -> Any:
        return self.build_resolve_info(plan.definition, [one.node for one in details], parent_type, path)

    def _complete(
        self, plan: FieldPlan, parent_type: GraphQLObjectType, details: FieldDetailsList, path: Path, result: Any
    ) -> Any:
        if plan.plain is not None:
            try:
                return plan.plain(result)
            # Whatever it is: graphql-core completes the value from its start, and tells what is wrong.
            except Exception:  # noqa: BLE001, S110
                pass
        info = self._info(plan, parent_type, details, path)
        return self.complete_value(plan.definition.type, details, info, path, result, None)

    def complete_list_value(
        self,
        return_type: GraphQLList[Any],
        field_details_list: FieldDetailsList,
        info: GraphQLResolveInfo[Any],
        path: Path,
        result: Any,
        position_context: Any,
    ) -> Any:
        """Complete a list; one of objects that their class tells is taken object by object, without looking twice."""
        item_type = return_type.of_type
        kind = get_nullable_type(item_type)
        shown = shown_kind(kind.is_type_of) if isinstance(kind, GraphQLObjectType) else None
        if shown is None or shown[1] is not None or result.__class__ is not list:
            return super().complete_list_value(return_type, field_details_list, info, path, result, position_context)
        fields = self.plan.selections.below(kind, field_details_list)
        completed: list[Any] = []
        awaited: list[int] = []
        try:
            for index, item in enumerate(result):
                item_path = Path(path, index, None)
                if item.__class__ is not shown[0]:
                    if self.complete_list_item_value(
                        item, completed, item_type, field_details_list, info, item_path, position_context
                    ):
                        awaited.append(index)
                    continue
                try:
                    one = self.execute_fields(kind, item, item_path, fields, None)
                except Exception as raw_error:  # noqa: BLE001
                    self.handle_field_error(raw_error, item_type, field_details_list, item_path)
                    one = None
                if one.__class__ is CoroutineType:
                    one = self._settled(one, item_type, field_details_list, item_path)
                    awaited.append(index)
                completed.append(one)
        except Exception:
            if awaited:
                self.settle_in_background([completed[index] for index in awaited])
            raise
        return _all_of(completed, awaited) if awaited else completed

    async def _complete_later(
        self,
        plan: FieldPlan,
        parent_type: GraphQLObjectType,
        details: FieldDetailsList,
        path: Path,
        result: Awaitable[Any],
    ) -> Any:
        try:
            completed = self._complete(plan, parent_type, details, path, await result)
            if completed.__class__ is CoroutineType or self.is_awaitable(completed):
                completed = await completed
        except Exception as raw_error:  # noqa: BLE001
            self.handle_field_error(raw_error, plan.definition.type, details, path)
            return None
        return completed

    async def _settled(
        self, completed: Awaitable[Any], return_type: GraphQLOutputType, details: FieldDetailsList, path: Path
    ) -> Any:
        try:
            return await completed
        except Exception as raw_error:  # noqa: BLE001
            self.handle_field_error(raw_error, return_type, details, path)
            return None


async def _all_of(results: Any, awaited: list[Any]) -> Any:
    """The results, a dict or a list, with those at `awaited` replaced by what they gave; the first failure ends all."""
    if len(awaited) == 1:
        results[awaited[0]] = await results[awaited[0]]
        return results
    values = await gather_with_cancel(*(results[at] for at in awaited))
    for at, value in zip(awaited, values, strict=True):
        results[at] = value
    return results
