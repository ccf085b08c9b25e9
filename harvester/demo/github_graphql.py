"""GitHub's GraphQL endpoint over a demo world: graphql-core runs the queries, GitHub's rules limit them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from graphql import DocumentNode, ExecutionResult, GraphQLError, GraphQLResolveInfo, execute_sync

from harvester.demo.exchange import JSON, Answer, Request, as_json, to_bytes
from harvester.demo.faults import SLOW, TOO_LATE
from harvester.demo.github_access import Asker
from harvester.demo.github_ask import Ask, Context
from harvester.demo.github_asked import ASKED
from harvester.demo.github_fields import plain_field, type_of
from harvester.demo.github_json import iso
from harvester.demo.graphql_cost import Cost
from harvester.demo.graphql_failures import FieldFailed
from harvester.demo.graphql_query import Query, Question, Reader, Refusal
from harvester.demo.graphql_rules import Json, locations
from harvester.demo.graphql_schema import small_sdl
from harvester.demo.world import World


@dataclass(frozen=True, slots=True)
class _Told:
    """An answer in pieces: each top-level field by itself, so that the rate limit can be told anew."""

    data: Mapping[str, bytes] | None
    errors: bytes | None

    def body(self, account: Mapping[str, Any]) -> bytes:
        """The whole of it, with what is true of the rate limit now."""
        data = b"null"
        if self.data is not None:
            fresh = {key: to_bytes(value) for key, value in account.items()}
            data = b"{%b}" % b",".join(b"%b:%b" % (to_bytes(k), fresh.get(k, v)) for k, v in self.data.items())
        return b'{"data":%b%b}' % (data, b',"errors":' + self.errors if self.errors else b"")


@dataclass(slots=True)
class GraphQL:
    """The endpoint. `sdl`: the schema it answers by, the demo's own part of GitHub's unless told.

    `without`: fields, as Type.field, that this Enterprise Server's schema has not yet. `patience`: a query that
    may return more nodes than this times out, with status `late`. `appetite`: once so many nodes were returned,
    further connections of the query fail, as GitHub's do since July 2026.
    """

    world: World
    sdl: str = field(default_factory=small_sdl)
    without: Collection[str] = ()
    patience: int | None = None
    late: int = 502
    appetite: int | None = None
    _reader: Reader = field(init=False)
    _told: dict[tuple[object, ...], _Told] = field(default_factory=dict)
    _fields: dict[tuple[object, ...], bytes] = field(default_factory=dict)
    _version: int = -1

    def __post_init__(self) -> None:
        self._reader = Reader(self.sdl, frozenset(self.without))

    def answer(
        self,
        request: Request,
        asker: Asker,
        charge: Callable[[int], Answer | None],
        rate: Callable[[], Mapping[str, int]],
    ) -> Answer:
        """Run one query; `charge` counts its points and may refuse, `rate` tells the hour's account after it."""
        try:
            question = Question.of(request.body)
        except ValueError:
            return as_json({"message": "Problems parsing JSON"}, 400)
        try:
            query, cost = self._reader.read(question)
        except Refusal as refusal:
            return charge(1) or as_json({"errors": refusal.errors})
        refused = charge(cost.points)
        if refused is not None:
            return refused
        if self.patience is not None and cost.nodes > self.patience:
            said = {"message": TOO_LATE} if self.late == 504 else {"data": None, "errors": [{"message": SLOW}]}
            return as_json(said, self.late)
        context = Context(self.world, asker, _account(cost, rate()), self.appetite)
        return Answer(200, {"Content-Type": JSON}, self._body(query, question, context))

    def _body(self, query: Query, question: Question, context: Context) -> bytes:
        if self._version != self.world.version:
            self._told.clear()
            self._fields.clear()
            self._version = self.world.version
        key = (*question.key, context.asker.identity, self.appetite)
        told = self._told.get(key)
        if told is None:
            told = self._work_out(query, question, context)
            if query.is_repeatable:
                self._told[key] = told
        account: Mapping[str, Any] = {}
        if query.is_repeatable and query.account:
            account = self._run(query.only(query.account), question, context).data or {}
        return told.body(account)

    def _work_out(self, query: Query, question: Question, context: Context) -> _Told:
        """The answer; what was told before of single fields, however they were packed, is not worked out again."""
        # With an appetite, what a field is told depends on those before it.
        asked = query.filled(question.variables) if query.is_repeatable and self.appetite is None else {}
        keys = {key: (text, context.asker.identity) for key, text in asked.items()}
        missing = {key for key, known in keys.items() if known not in self._fields}
        if not keys:
            return _tell(self._run(query.document, question, context))
        if missing:
            found = self._run(query.only(missing), question, context)
            if found.errors or found.data is None:
                return _tell(self._run(query.document, question, context))
            self._fields |= {keys[key]: to_bytes(value) for key, value in found.data.items()}
        return _Told({key: self._fields[keys[key]] if key in keys else b"" for key in query.keys}, None)

    def _run(self, document: DocumentNode, question: Question, context: Context) -> ExecutionResult:
        return execute_sync(
            self._reader.schema,
            document,
            context_value=context,
            variable_values=dict(question.variables),
            operation_name=question.operation,
            field_resolver=_resolve,
            type_resolver=lambda thing, *_: type_of(thing),
        )


def _account(cost: Cost, rate: Mapping[str, int]) -> Json:
    reset = iso(datetime.fromtimestamp(rate["reset"], UTC))
    return {**rate, "cost": cost.points, "nodeCount": cost.nodes, "resetAt": reset}


def _resolve(thing: Any, info: GraphQLResolveInfo[Context], **arguments: Any) -> Any:
    kind, name = info.parent_type.name, info.field_name
    plain = plain_field(kind, name)
    if plain is not None:
        return plain(thing)
    return ASKED[kind][name](thing, Ask(arguments, info.context))


def _tell(result: ExecutionResult) -> _Told:
    errors = [_failure(error) for error in result.errors or ()]
    data = None if result.data is None else {key: to_bytes(value) for key, value in result.data.items()}
    return _Told(data, to_bytes(errors) if errors else None)


def _failure(error: GraphQLError) -> Json:
    cause = error.original_error
    if not isinstance(cause, FieldFailed):
        raise error  # a defect of this fake, which must not pass for an answer
    kind = {"type": cause.kind} if cause.kind else {}
    more = {"extensions": cause.extensions} if cause.extensions else {}
    return {**kind, "path": list(error.path or ()), **more, "locations": locations(error), "message": error.message}
