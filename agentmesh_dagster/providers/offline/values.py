"""Values that fit a JSON Schema, made from what a prompt says."""

import math
from dataclasses import dataclass
from hashlib import sha256

from agentmesh_dagster.entities.json_schema import InvalidSchema, JsonSchema
from agentmesh_dagster.entities.json_values import JsonValue, write_json
from agentmesh_dagster.entities.models import JsonObject
from agentmesh_dagster.entities.patterns import compile_pattern
from agentmesh_dagster.providers.errors import OfflineModelStuck
from agentmesh_dagster.providers.offline.schemas import flatten_schema, guess_type
from agentmesh_dagster.providers.offline.texts import Hints, write_text

_TRIES = 48
_SHALLOW = 5  # deeper down only what is required is made, so that a schema that holds itself comes to an end
_DEEPEST = 60  # nothing is made below it: the schema demands itself for ever
_MOST = 1_000  # items, properties


def make_value(schema: JsonValue, hints: Hints) -> JsonValue:
    """A value that fits the schema, the same for the same hints; OfflineModelStuck when none is found."""
    compiled = JsonSchema(schema)
    for attempt in range(_TRIES):
        value = _Maker(schema, hints, attempt).make(schema, ())
        if not compiled.list_faults(value):
            return value
    raise OfflineModelStuck(f"{write_json(schema)[:300]}; simplify it, or give it a `default`")


@dataclass(frozen=True)
class _Maker:
    """One attempt: the first takes what is most telling, the later ones vary it."""

    root: JsonValue
    hints: Hints
    attempt: int

    def make(self, schema: JsonValue, path: tuple[str | int, ...]) -> JsonValue:
        """A value for the place at `path`, which fits unless the attempt fails."""
        if len(path) > _DEEPEST:
            return None
        flat = flatten_schema(self.root, schema, lambda count: self._choose_branch(count, path))
        for value in self._list_given(flat, path):
            if _fits(flat, value):
                return value
        match guess_type(flat, lambda count: self._choose_branch(count, path)):
            case "object":
                return self._make_object(flat, path)
            case "array":
                return self._make_array(flat, path)
            case "integer":
                return self._make_number(flat, path, is_integer=True)
            case "number":
                return self._make_number(flat, path, is_integer=False)
            case "boolean":
                return self._draw(path) < 0.5
            case "null":
                return None
            case _:
                return write_text(flat, self.hints, path, plain=self.attempt % 3 == 2)

    def _list_given(self, flat: JsonObject, path: tuple[str | int, ...]) -> list[JsonValue]:
        """Values that need not be made: said by the schema, or by the prompt under the same name."""
        if "const" in flat:
            return [flat["const"]]
        given: list[JsonValue] = []
        if path and self.attempt % 4 != 3:
            name = path[-1]
            given += [self.hints.fields[name]] if name in self.hints.fields else []
            given += [flat["default"]] if "default" in flat else []
            given += flat.get("examples", [])[:1] if isinstance(flat.get("examples"), list) else []
        if choices := flat.get("enum"):
            said = [choice for choice in choices if _is_said(choice, self.hints.text)]
            start = int(self._draw(path) * len(choices))
            given += (said if self.attempt < 2 else []) + choices[start:] + choices[:start]
        return given

    def _make_object(self, flat: JsonObject, path: tuple[str | int, ...]) -> JsonObject:
        properties: JsonObject = flat.get("properties", {})
        names = list(flat.get("required", []))
        if self._is_generous(path):
            names = [*properties, *names]
        names = [name for name in dict.fromkeys(names) if properties.get(name) is not False]
        for name in [*names]:
            names += [other for other in flat.get("dependentRequired", {}).get(name, []) if other not in names]
        made = {name: self.make(_find_property(flat, name), (*path, name)) for name in names}
        for _ in range(min(flat.get("minProperties", 0), _MOST) - len(made)):
            name = self._make_name(flat, path, made)
            made[name] = self.make(_find_property(flat, name), (*path, name))
        return made

    def _make_name(self, flat: JsonObject, path: tuple[str | int, ...], made: JsonObject) -> str:
        """A name for one more property."""
        properties: JsonObject = flat.get("properties", {})
        if unused := [name for name in properties if name not in made and properties[name] is not False]:
            return unused[0]
        patterns = list(flat.get("patternProperties", {}))
        schema: JsonValue = {"pattern": patterns[0]} if patterns else flat.get("propertyNames", {})
        name = "field"
        if schema:
            name = str(self.make({"allOf": [{"type": "string"}, schema]}, (*path, len(made))))
        return f"{name}{len(made)}" if name in made else name

    def _make_array(self, flat: JsonObject, path: tuple[str | int, ...]) -> list[JsonValue]:
        rest: JsonValue = flat.get("items", {})
        schemas = list(flat.get("prefixItems", []))
        if isinstance(rest, list):  # draft 7 writes prefixItems so
            schemas, rest = [*rest], flat.get("additionalItems", {})
        if "contains" in flat:
            schemas += [{"allOf": [flat["contains"], rest]}] * min(flat.get("minContains", 1), _MOST)
        count = max(flat.get("minItems", 0), len(schemas))
        if "items" in flat and rest is not False and self._is_generous(path):
            count = max(count, 3)
        count = min(count, flat.get("maxItems", count), _MOST)
        made: list[JsonValue] = []
        for index, schema in enumerate((schemas + [rest] * count)[:count]):
            value = self.make(schema, (*path, index))
            if not (flat.get("uniqueItems") and value in made):
                made.append(value)
        return made

    def _make_number(self, flat: JsonObject, path: tuple[str | int, ...], *, is_integer: bool) -> float | int:
        step = flat.get("multipleOf", 1 if is_integer else None)
        low, high = _find_bounds(flat, step)
        kind = "integer" if is_integer else "number"
        said = self.hints.find_number(kind) if self.attempt % 2 == 0 else None
        is_open = math.isinf(low) or math.isinf(high)
        if said is not None and is_open and low <= said <= high:
            low = high = said
        low = low if math.isfinite(low) else min(1, high - 100)
        high = high if math.isfinite(high) else low + 99
        value = low + (high - low) * self._draw(path)
        if step:
            value = max(math.ceil(low / step), min(math.floor(high / step), round(value / step))) * step
        elif high - low >= 0.1:
            value = min(high, max(low, round(value, 2)))
        return int(value) if is_integer else value

    def _is_generous(self, path: tuple[str | int, ...]) -> bool:
        """Whether to make what may be left out."""
        return self.attempt % 2 == 0 and len(path) < _SHALLOW

    def _choose_branch(self, count: int, path: tuple[str | int, ...]) -> int:
        # Deep down the branches take turns, so that one that ends the recursion is found.
        return 0 if self.attempt == 0 and len(path) < _SHALLOW else int(self._draw((*path, "branch")) * count)

    def _draw(self, path: tuple[str | int, ...]) -> float:
        """A number from 0 up to 1 that depends on the request, the place and the attempt alone."""
        digest = sha256(f"{self.hints.seed} {self.attempt} {path}".encode()).digest()
        return int.from_bytes(digest[:6]) / 2**48


def _find_property(flat: JsonObject, name: str) -> JsonValue:
    if name in flat.get("properties", {}):
        return flat["properties"][name]
    for pattern, schema in flat.get("patternProperties", {}).items():
        if compile_pattern(pattern).search(name):
            return schema
    return flat.get("additionalProperties", {})


def _find_bounds(flat: JsonObject, step: float | None) -> tuple[float, float]:
    """The least and the greatest number allowed, infinite where there is no limit."""
    low, high = flat.get("minimum", -math.inf), flat.get("maximum", math.inf)
    above, below = flat.get("exclusiveMinimum", -math.inf), flat.get("exclusiveMaximum", math.inf)
    gap = min(0.01, (min(high, below) - max(low, above)) / 100)
    if math.isfinite(above):
        low = max(low, (math.floor(above / step) + 1) * step if step else above + gap)
    if math.isfinite(below):
        high = min(high, (math.ceil(below / step) - 1) * step if step else below - gap)
    return low, high


def _is_said(choice: JsonValue, text: str) -> bool:
    return isinstance(choice, str) and len(choice) > 2 and choice.lower().replace("_", " ") in text.lower()


def _fits(flat: JsonObject, value: JsonValue) -> bool:
    try:
        return not JsonSchema(flat).list_faults(value)
    except InvalidSchema:  # it refers to a part of the whole, and is checked with the whole
        return True
