"""What every entity is: a frozen record, with texts, ids and times that can be stored."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from agentmesh_dagster.entities.json_values import JsonValue

JsonObject = dict[str, Any]


def _only_nulls_are_left_out(schema: JsonObject, model: type[BaseModel]) -> None:
    """Says in the schema of what is sent that a field is missing only where it would be null."""
    nullable = {field.alias or name for name, field in model.model_fields.items() if field.default is None}
    if "required" in schema:
        schema["required"] = [name for name in schema["required"] if name not in nullable]


class Entity(BaseModel):
    """A frozen record; snake_case in Python, camelCase on the wire; unknown fields are refused."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="forbid",
        frozen=True,
        ser_json_inf_nan="constants",  # kept, so that the check at the door sees and refuses them
        json_schema_serialization_defaults_required=True,
        json_schema_extra=_only_nulls_are_left_out,
    )

    def to_wire(self) -> dict[str, JsonValue]:
        """The JSON object that stands for this entity; fields that are not set are left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


def _require_text(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("holds a character that cannot be stored (\\u0000 or half of a surrogate pair)")
    return text


def _integers_are_ids(value: object) -> object:
    # YAML reads `id: 7` as a number; authors mean the text.
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Id = Annotated[str, BeforeValidator(_integers_are_ids), AfterValidator(_require_text), Field(max_length=255)]
Name = Annotated[str, AfterValidator(_require_text), Field(max_length=255)]
Timestamp = Annotated[datetime, AfterValidator(lambda moment: moment.astimezone(UTC))]
