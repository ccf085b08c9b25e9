"""Validates queries by graphql-core's rules, and says what is wrong in the words of GitHub's server, graphql-ruby."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    NameNode,
    Node,
    ObjectFieldNode,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    VariableDefinitionNode,
    Visitor,
    VisitorAction,
    get_named_type,
    is_required_argument,
    print_ast,
    specified_rules,
    validate,
    visit,
)

Json = dict[str, Any]
Said = tuple[str, Json]


def complaints(schema: GraphQLSchema, document: DocumentNode) -> list[Json]:
    """What GitHub answers to a query that does not fit the schema; nothing where it does."""
    if not validate(schema, document, hide_suggestions=True):
        return []
    told: list[Json] = []
    for rule in specified_rules:
        for error in validate(schema, document, [rule], hide_suggestions=True):
            said = _complaint(schema, document, rule.__name__, error)
            if said not in told:
                told.append(said)
    return told


def _complaint(schema: GraphQLSchema, document: DocumentNode, rule: str, error: GraphQLError) -> Json:
    nodes = error.nodes or [document]
    place = _Place(nodes[0], TypeInfo(schema))
    visit(document, TypeInfoVisitor(place.types, place))
    say = _WORDS.get(rule, _as_it_is)
    message, about = say(place, error)
    code = rule.removesuffix("Rule")
    extensions = {"code": code[0].lower() + code[1:], **about}
    return {"path": place.path, "extensions": extensions, "locations": locations(error), "message": message}


def locations(error: GraphQLError) -> list[dict[str, int]]:
    """Where in the query's text an error is: the first place, as GitHub tells it."""
    return [{"line": at.line, "column": at.column} for at in (error.locations or ())[:1]]


class _Place(Visitor):
    """Finds a node in a document: what it stands in, and what the schema has there."""

    def __init__(self, node: Node, types: TypeInfo) -> None:
        super().__init__()
        self.node = node
        self.types = types
        self.around: list[Node] = []
        self.parent_type = self.field_type = self.expected = self.holder = ""
        self.required: tuple[str, ...] = ()

    def enter(self, node: Node, _key: Any, parent: Any, _path: Any, ancestors: list[Any]) -> VisitorAction:
        if self.around or node is not self.node:
            return None
        self.around = [each for each in (*ancestors, parent, node) if isinstance(each, Node)]
        field_def = self.types.get_field_def()
        self.parent_type = str(self.types.get_parent_type() or "")
        self.field_type = str(get_named_type(self.types.get_type()) or "")
        self.expected = str(self.types.get_input_type() or "")
        self.holder = str(get_named_type(self.types.get_parent_input_type()) or "")
        if field_def is not None:
            self.required = tuple(name for name, arg in field_def.args.items() if is_required_argument(arg))
        return None

    def nearest(self, *kinds: type[Node]) -> Any:
        """The innermost node of one of these kinds that holds the place."""
        return next((node for node in reversed(self.around) if isinstance(node, kinds)), None)

    @property
    def path(self) -> list[str]:
        """The names on the way to the place: ["query Name", "repository", "… on Type", "field", "argument"]."""
        return [name for name in map(_label, self.around) if name]

    @property
    def operation(self) -> str:
        """What graphql-ruby calls the operation."""
        found = self.nearest(OperationDefinitionNode)
        return found.name.value if found is not None and found.name else "anonymous query"


def _label(node: Node) -> str:
    match node:
        case OperationDefinitionNode():
            return f"{node.operation.value} {node.name.value}" if node.name else node.operation.value
        case FragmentDefinitionNode():
            return f"fragment {node.name.value}"
        case InlineFragmentNode():
            return f"... on {node.type_condition.name.value}" if node.type_condition else "..."
        case FieldNode():
            return node.alias.value if node.alias else node.name.value
        case ArgumentNode() | ObjectFieldNode():
            return node.name.value
    return ""


def _as_it_is(_: _Place, error: GraphQLError) -> Said:
    return error.message, {}


def _undefined_field(place: _Place, _: GraphQLError) -> Said:
    name, kind = place.nearest(FieldNode).name.value, place.parent_type
    about = {"code": "undefinedField", "typeName": kind, "fieldName": name}
    return f"Field '{name}' doesn't exist on type '{kind}'", about


def _selections(place: _Place, _: GraphQLError) -> Said:
    asked = place.nearest(FieldNode)
    name = asked.name.value
    about = {"code": "selectionMismatch", "nodeName": f"field '{name}'"}
    if asked.selection_set is None:
        returns = f"field '{name}' returns {place.field_type} but has no selections"
        return f"Field must have selections ({returns}. Did you mean '{name} {{ ... }}'?)", about
    return f"Selections can't be made on scalars (field '{name}' returns {place.field_type})", about


def _unknown_argument(place: _Place, _: GraphQLError) -> Said:
    name, argument = place.nearest(FieldNode).name.value, place.nearest(ArgumentNode).name.value
    about = {"code": "argumentNotAccepted", "name": name, "typeName": "Field", "argumentName": argument}
    return f"Field '{name}' doesn't accept argument '{argument}'", about


def _missing_arguments(place: _Place, _: GraphQLError) -> Said:
    asked = place.nearest(FieldNode)
    given = {argument.name.value for argument in asked.arguments or ()}
    missing = ", ".join(sorted(set(place.required) - given))
    name = asked.name.value
    about = {"code": "missingRequiredArguments", "className": "Field", "name": name, "arguments": missing}
    return f"Field '{name}' is missing required arguments: {missing}", about


def _bad_literal(place: _Place, _: GraphQLError) -> Said:
    holder = place.nearest(ArgumentNode, ObjectFieldNode)
    if holder is None:  # the default of a variable
        variable = place.nearest(VariableDefinitionNode)
        name, kind = variable.variable.name.value, print_ast(variable.type)
        about = {"code": "defaultValueInvalidType", "variableName": name, "typeName": kind}
        return f"Default value for ${name} doesn't match type {kind}", about
    argument, value = holder.name.value, print_ast(holder.value)
    kind = "InputObject" if isinstance(holder, ObjectFieldNode) else "Field"
    name = place.holder if kind == "InputObject" else place.nearest(FieldNode).name.value
    wrong = f"has an invalid value ({value}). Expected type '{place.expected}'."
    about = {"code": "argumentLiteralsIncompatible", "typeName": kind, "argumentName": argument}
    return f"Argument '{argument}' on {kind} '{name}' {wrong}", about


def _unused_variable(place: _Place, _: GraphQLError) -> Said:
    name = place.nearest(VariableDefinitionNode).variable.name.value
    message = f"Variable ${name} is declared by {place.operation} but not used"
    return message, {"code": "variableNotUsed", "variableName": name}


def _undefined_variable(place: _Place, _: GraphQLError) -> Said:
    name = place.around[-1].name.value  # type: ignore[attr-defined]  # the rule names a variable
    message = f"Variable ${name} is used by {place.operation} but not declared"
    return message, {"code": "variableNotDefined", "variableName": name}


def _fragment(place: _Place, what: str) -> Said:
    found: Any = place.around[-1]  # the fragment, or the name that none has
    name = found.value if isinstance(found, NameNode) else found.name.value
    return f"Fragment {name} was {what}", {"code": "useAndDefineFragment", "fragmentName": name}


_WORDS: Mapping[str, Callable[[_Place, GraphQLError], Said]] = {
    "FieldsOnCorrectTypeRule": _undefined_field,
    "ScalarLeafsRule": _selections,
    "KnownArgumentNamesRule": _unknown_argument,
    "ProvidedRequiredArgumentsRule": _missing_arguments,
    "ValuesOfCorrectTypeRule": _bad_literal,
    "NoUnusedVariablesRule": _unused_variable,
    "NoUndefinedVariablesRule": _undefined_variable,
    "KnownFragmentNamesRule": lambda place, _: _fragment(place, "used, but not defined"),
    "NoUnusedFragmentsRule": lambda place, _: _fragment(place, "defined, but not used"),
}
