"""What a Python function takes and gives, as JSON Schemas, and how the fields of an input become its arguments."""

import inspect
from collections.abc import Callable, Iterator, Mapping, Set
from functools import cache, cached_property
from types import GenericAlias, SimpleNamespace
from typing import Annotated, Any, cast, get_args, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, PydanticUserError, TypeAdapter, ValidationError, create_model
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from agentmesh_dagster.entities.field_faults import list_field_faults
from agentmesh_dagster.entities.json_values import InvalidJson, as_list, as_object, check_json, write_json
from agentmesh_dagster.entities.models import JsonObject
from agentmesh_dagster.entities.text import quote
from agentmesh_dagster.tools.docstrings import read_docstring
from agentmesh_dagster.tools.errors import InvalidTool, InvalidToolInput
from agentmesh_dagster.tools.python_values import is_of_numpy

KEY_PARAMETER = "idempotency_key"
_RESOURCE_BASES = {"ConfigurableResourceFactory", "ResourceDefinition", "TreatAsResourceParam"}  # of Dagster
_JSON_TYPES = "texts, numbers, lists, dicts, dates, dataclasses or pydantic models"
_CONFIG = ConfigDict(val_json_bytes="base64", ser_json_bytes="base64")


class _SchemaWriter(GenerateJsonSchema):
    """Without the titles that pydantic makes of names, and without defaults that are no JSON."""

    ignored_warning_kinds = {"skipped-choice", "non-serializable-default"}  # noqa: RUF012 - as pydantic has it

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        return False

    def is_instance_schema(self, schema: core_schema.IsInstanceSchema) -> JsonSchemaValue:
        """What pydantic does not know; of that, numpy's types and iterators can be results."""
        if issubclass(schema["cls"], Iterator):
            return {"type": "array"}
        return {} if is_of_numpy(schema["cls"]) else super().is_instance_schema(schema)


class Signature:
    """The parameters of a function and what it returns, by its hints and its docstring."""

    def __init__(self, call: Callable[..., object], name: str) -> None:
        self._name = name
        self._signature = _read_signature(call)
        self._doc = read_docstring(inspect.getdoc(call) or "")
        self._find_model = cache(self._build_model)

    @property
    def description(self) -> str:
        """What the docstring says of the whole function."""
        return self._doc.text

    @cached_property
    def parameters(self) -> Set[str]:
        return frozenset[str](self._signature.parameters)

    @cached_property
    def resources(self) -> Mapping[str, bool]:
        """The parameters whose type is a resource of Dagster's; with whether the function can do without."""
        return {
            name: parameter.default is not parameter.empty
            for name, parameter in self._signature.parameters.items()
            if _is_resource(parameter.annotation)
        }

    @cached_property
    def input_schema(self) -> JsonObject:
        """The fields that an input may have. Raises InvalidTool for a parameter that cannot come from JSON."""
        schema = self._find_model(frozenset[str]()).model_json_schema(schema_generator=_SchemaWriter)
        schema.pop("title")
        return self._check_schema(schema)

    @cached_property
    def output_schema(self) -> JsonObject:
        """What a call gives, as far as the function says. Raises InvalidTool when that can never be JSON."""
        hint = self._signature.return_annotation
        if hint is inspect.Signature.empty or isinstance(hint, str):
            return {}
        try:
            # Of a list, since pydantic takes no config for a model.
            several = cast(
                "Any", GenericAlias(list, hint)
            )  # pydantic takes no config for a model, but for a list of it
            adapter = TypeAdapter[Any](several, config=_CONFIG | ConfigDict(arbitrary_types_allowed=True))
            listed = adapter.json_schema(mode="serialization", schema_generator=_SchemaWriter)
        except (PydanticUserError, NameError, TypeError) as error:
            if _is_typed_dict_of_python(error):
                return {}
            fault = f"`{self._name}` returns {_name_type(hint)}, which is no JSON: return {_JSON_TYPES}"
            raise InvalidTool(fault) from error
        schema = _write_text_as_object(listed["items"])
        return self._check_schema(schema | ({"$defs": listed["$defs"]} if "$defs" in listed else {}))

    def bind(self, value: JsonObject, given: Mapping[str, object]) -> inspect.BoundArguments:
        """The arguments: the fields of `value` as the hints want them, and what is `given` beside them.

        Raises InvalidToolInput when they do not fit, InvalidTool.
        """
        model = self._find_model(frozenset[str](given))
        try:
            fields = model.model_validate_json(write_json(value))
        except ValidationError as error:
            faults = [f"{quote(fault.field)} {fault.reason}" for fault in list_field_faults(error, value, model)]
            raise InvalidToolInput(f"`{self._name}`: {' '.join(faults)}") from None
        arguments = dict(given)
        for key, field in model.model_fields.items():
            parameter = self._signature.parameters[field.alias or key]
            if key in fields.model_fields_set or isinstance(parameter.default, FieldInfo):
                arguments[parameter.name] = getattr(fields, key)
        for parameter in self._signature.parameters.values():
            if parameter.kind is parameter.VAR_KEYWORD:
                arguments[parameter.name] = fields.model_extra or {}
        bound = inspect.BoundArguments(self._signature, arguments)  # pyright: ignore[reportArgumentType]
        bound.apply_defaults()
        return bound

    def _build_model(self, given: frozenset[str]) -> type[BaseModel]:
        """What an input is read as; the parameters `given` come from elsewhere."""
        fields: dict[str, Any] = {}
        rest: Any = None
        for name, parameter in self._signature.parameters.items():
            if name in given or name == KEY_PARAMETER or name in self.resources:
                continue
            hint = self._find_type(parameter)
            if parameter.kind is parameter.VAR_KEYWORD:
                rest = hint
            elif hint is not None:
                about = Field(alias=name, description=self._doc.parameters.get(name), **_keep_default(parameter))
                fields[f"p{len(fields)}"] = (hint, about)  # the name itself may be one that pydantic has taken
        names: dict[str, Any] = {"__module__": __name__, "__annotations__": {}}
        names["model_config"] = _CONFIG | ConfigDict(extra="forbid" if rest is None else "allow")
        if rest is not None:
            names["__annotations__"] = {"__pydantic_extra__": dict[str, rest]}
        return create_model("Input", __base__=type("Fields", (BaseModel,), names), **fields)

    def _find_type(self, parameter: inspect.Parameter) -> Any:
        """The type of a parameter's field; None where it can have none, and the function can do without."""
        known = parameter.annotation is not parameter.empty and not isinstance(parameter.annotation, str)
        hint: Any = parameter.annotation if known else Any
        try:
            if parameter.default is None:
                hint = hint | None  # so people write it, and so they mean it
            elif isinstance(parameter.default, FieldInfo):
                hint = Annotated[hint, parameter.default]
            elif parameter.kind is parameter.VAR_POSITIONAL:
                hint = list[hint]
            TypeAdapter[Any](hint).json_schema(schema_generator=_SchemaWriter)
        except (PydanticUserError, NameError, TypeError) as error:
            if _is_typed_dict_of_python(error):
                return Any
            if parameter.default is not parameter.empty or parameter.kind is parameter.VAR_POSITIONAL:
                return None
            what = f"`{self._name}` takes {_name_type(parameter.annotation)} as `{parameter.name}`"
            raise InvalidTool(f"{what}, which no JSON can be read as: take {_JSON_TYPES}") from error
        return hint

    def _check_schema(self, schema: object) -> JsonObject:
        try:
            return as_object(check_json(schema))
        except InvalidJson as error:
            raise InvalidTool(f"the schema of `{self._name}`: {error.detail}") from error


def _read_signature(call: Callable[..., object]) -> inspect.Signature:
    """The signature with its hints; one that is imported for type checkers only stays a text."""
    try:
        return inspect.signature(call, eval_str=True)
    except (NameError, TypeError, AttributeError, SyntaxError):
        signature = inspect.signature(call)
    names = getattr(inspect.unwrap(call), "__globals__", {})

    def read(hint: Any) -> Any:
        if not isinstance(hint, str):
            return hint
        try:
            return get_type_hints(SimpleNamespace(__annotations__={"it": hint}), names, include_extras=True)["it"]
        except (NameError, TypeError, AttributeError, SyntaxError):
            return hint

    parameters = [each.replace(annotation=read(each.annotation)) for each in signature.parameters.values()]
    return signature.replace(parameters=parameters, return_annotation=read(signature.return_annotation))


def _is_resource(annotation: Any) -> bool:
    """Whether a parameter's type is a resource of Dagster's, which this floor does not import."""
    if "resource_param" in getattr(annotation, "__metadata__", ()):  # ResourceParam[…]
        return True
    if any(base.__name__ in _RESOURCE_BASES for base in getattr(annotation, "__mro__", ())):
        return True
    return any(_is_resource(member) for member in get_args(annotation))


def _keep_default(parameter: inspect.Parameter) -> dict[str, Any]:
    if parameter.kind is parameter.VAR_POSITIONAL:
        return {"default": []}
    return (
        {}
        if parameter.default is parameter.empty or isinstance(parameter.default, FieldInfo)
        else {"default": parameter.default}
    )


def _is_typed_dict_of_python(error: Exception) -> bool:
    """Whether pydantic cannot read a TypedDict only because it comes from `typing`, which it wants of Python 3.12."""
    return isinstance(error, PydanticUserError) and error.code == "typed-dict-version"


def _name_type(hint: Any) -> str:
    return quote(getattr(hint, "__name__", None) or str(hint))


def _write_text_as_object(schema: JsonObject) -> JsonObject:
    """The schema of what becomes of a result: a text comes as `{"text": …}`."""
    if members := as_list(schema.get("anyOf")):
        return schema | {"anyOf": [_write_text_as_object(as_object(member)) for member in members]}
    if schema.get("type") != "string":
        return schema
    return {"type": "object", "properties": {"text": schema}, "required": ["text"]}
