"""Reads GraphQL questions: their bodies, their texts by a schema, their sizes."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    SelectionSetNode,
    Undefined,
    VariableDefinitionNode,
    coerce_input_value,
    is_input_type,
    parse,
    print_ast,
    type_from_ast,
)

from harvester.demo.graphql_cost import Cost, Reckoner, TooLarge
from harvester.demo.graphql_rules import Json, complaints, locations
from harvester.demo.graphql_schema import schema_of, small_sdl

ACCOUNT = "rateLimit"
_VARIABLE = re.compile(r"\$(\w+)")


class Refusal(Exception):
    """The query is not run at all: these errors are the answer."""

    def __init__(self, *errors: Json) -> None:
        super().__init__(errors)
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Question:
    """What a client sent."""

    text: str
    variables: Mapping[str, Any]
    operation: str | None

    @classmethod
    def of(cls, body: bytes) -> Question:
        """Raises ValueError where it is no question."""
        asked = json.loads(body)
        if not isinstance(asked, dict):
            raise ValueError("no query")  # noqa: TRY004 - the body is what is wrong
        text, variables, operation = asked.get("query"), asked.get("variables") or {}, asked.get("operationName")
        if not isinstance(text, str) or not isinstance(variables, dict):
            raise ValueError("a query is text, its variables an object")  # noqa: TRY004 - the same
        return cls(text, variables, operation)

    @property
    def key(self) -> tuple[str, str, str | None]:
        """Equal for equal questions."""
        return self.text, json.dumps(self.variables, sort_keys=True), self.operation


@dataclass(frozen=True, slots=True)
class Query:
    """An operation that fits the schema, and the fields at its top by their keys in the answer.

    `keys`: in their order. `account`: of what is about the rate limit, which is never the same twice.
    `is_repeatable`: whether the rest may be, which needs that part to stand by itself. `texts`: the other fields as
    they were asked for, with all fragments and without their keys; empty where they do not stand by themselves.
    """

    document: DocumentNode
    operation: OperationDefinitionNode
    keys: tuple[str, ...]
    account: frozenset[str]
    is_repeatable: bool
    texts: Mapping[str, str]

    @classmethod
    def of(cls, document: DocumentNode, operation: OperationDefinitionNode) -> Query:
        """An operation of the document."""
        chosen = operation.selection_set.selections
        fields = {_key(each): each for each in chosen if isinstance(each, FieldNode) and not each.directives}
        account = frozenset(key for key, each in fields.items() if each.name.value == ACCOUNT)
        are_apart = len(fields) == len(chosen)
        fragments = "".join(map(print_ast, fragments_of(document)))
        texts = {
            key: print_ast(each).removeprefix(f"{key}: ") + fragments
            for key, each in fields.items()
            if are_apart and key not in account
        }
        is_repeatable = print_ast(document).count(ACCOUNT) == len(account)
        return cls(document, operation, tuple(fields), account, is_repeatable, texts)

    def only(self, keys: Collection[str]) -> DocumentNode:
        """The same question for these fields."""
        asked = self.operation
        chosen = [
            each for each in asked.selection_set.selections if isinstance(each, FieldNode) and _key(each) in keys
        ]
        operation = OperationDefinitionNode(
            operation=asked.operation,
            name=asked.name,
            variable_definitions=asked.variable_definitions,
            directives=(),
            selection_set=SelectionSetNode(selections=tuple(chosen)),
        )
        return DocumentNode(definitions=(*fragments_of(self.document), operation))

    def filled(self, variables: Mapping[str, Any]) -> dict[str, str]:
        """The texts with the variables' values in their places: what is equal is answered equally."""
        values = {
            each.variable.name.value: print_ast(each.default_value)
            for each in self.operation.variable_definitions or ()
            if each.default_value is not None
        }
        values |= {name: json.dumps(value, sort_keys=True) for name, value in variables.items()}
        return {
            key: _VARIABLE.sub(lambda found: values.get(found[1], found[0]), text) for key, text in self.texts.items()
        }


@dataclass(slots=True)
class Reader:
    """Reads queries by a schema; what fits GitHub's and is nothing that the demo answers is refused loudly."""

    sdl: str
    without: frozenset[str]
    _read: dict[str, DocumentNode] = field(default_factory=dict)
    _queries: dict[tuple[str, str | None], Query] = field(default_factory=dict)

    @property
    def schema(self) -> GraphQLSchema:
        """What queries must fit."""
        return schema_of(self.sdl, self.without)

    def read(self, question: Question) -> tuple[Query, Cost]:
        """The query, and what it costs. Raises Refusal."""
        query = self._query(question)
        self._check_variables(query.operation, question)
        fragments = {each.name.value: each for each in fragments_of(query.document)}
        try:
            return query, Reckoner(self.schema, fragments, question.variables).cost_of(query.operation)
        except TooLarge as error:
            raise Refusal({"type": error.kind, "message": str(error)}) from error

    def _query(self, question: Question) -> Query:
        key = question.text, question.operation
        if key not in self._queries:
            document = self._document(question.text)
            self._queries[key] = Query.of(document, _operation(document, question.operation))
        return self._queries[key]

    def _document(self, text: str) -> DocumentNode:
        if text not in self._read:
            try:
                document = parse(text)
            except GraphQLSyntaxError as error:
                raise Refusal({"message": f"Parse error: {error.message}", "locations": locations(error)}) from error
            wrong = complaints(self.schema, document)
            if not wrong and self.sdl != small_sdl():
                wrong = [_unanswered(each["message"]) for each in complaints(schema_of(small_sdl()), document)]
            if wrong:
                raise Refusal(*wrong)
            self._read[text] = document
        return self._read[text]

    def _check_variables(self, operation: OperationDefinitionNode, question: Question) -> None:
        for each in operation.variable_definitions or ():
            name = each.variable.name.value
            kind, value = type_from_ast(self.schema, each.type), question.variables.get(name)
            is_missing = value is None and (each.default_value is None or name in question.variables)
            if is_missing and str(kind).endswith("!"):
                raise Refusal(_invalid(each, None, "Expected value to not be null"))
            if value is None or not is_input_type(kind):
                continue
            if coerce_input_value(value, kind) is Undefined:
                raise Refusal(_invalid(each, value, f"Could not coerce value {json.dumps(value)} to {kind}"))
            answered = type_from_ast(schema_of(small_sdl()), each.type)
            if is_input_type(answered) and coerce_input_value(value, answered) is Undefined:
                raise Refusal(_unanswered(f"${name} = {json.dumps(value)}"))


def _invalid(defined: VariableDefinitionNode, value: Any, why: str) -> Json:
    message = f"Variable ${defined.variable.name.value} of type {print_ast(defined.type)} was provided invalid value"
    extensions = {"value": value, "problems": [{"path": [], "explanation": why}]}
    return {"extensions": extensions, "locations": locations(GraphQLError("", defined)), "message": message}


def _unanswered(what: str) -> Json:
    return {"type": "NOT_ANSWERED_BY_THE_DEMO", "message": f"GitHub may answer this, its demo does not: {what}"}


def _operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    known = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    named = known if name is None else [each for each in known if each.name and each.name.value == name]
    if len(named) == 1:
        return named[0]
    said = f'No operation named "{name}"' if name else "An operation name is required"
    raise Refusal({"message": said})


def fragments_of(document: DocumentNode) -> list[FragmentDefinitionNode]:
    """Those that a document defines."""
    return [each for each in document.definitions if isinstance(each, FragmentDefinitionNode)]


def _key(asked: FieldNode) -> str:
    return (asked.alias or asked.name).value
