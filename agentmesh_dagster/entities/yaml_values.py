"""YAML as JSON: the values that YAML 1.2 gives to plain words, and nothing that JSON cannot hold.

Read from the parser's events, so that depth, repetition and tags are looked at before anything is built.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from agentmesh_dagster.entities.json_values import MAX_DEPTH, JsonValue, write_path

MAX_REPEATED_VALUES = 100_000  # by aliases, in one text

_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]")  # a phone number or a code rather than a number
_WORDS: dict[str, JsonValue] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_LONGEST_NUMBER = 400  # characters; JSON values hold integers of about 300 digits


@dataclass(frozen=True)
class TextFault:
    """Something in a text that keeps a value from being read as it stands."""

    code: str
    message: str  # a sentence, with the line
    path: str = "$"


class _Refused(Exception):
    """Reading cannot go on."""

    def __init__(self, fault: TextFault) -> None:
        self.fault = fault
        super().__init__(fault.message)


def read_yaml(text: str) -> tuple[JsonValue, list[TextFault]]:
    """The one document in `text`, and what is wrong with it; null when nothing could be read.

    The value is that of the text without what the faults are about, so that the rest can still be looked at.
    It may hold numbers that are not JSON (`.inf`): `check_json` refuses them.
    """
    builder = _Builder()
    try:
        for event in _parse(text):
            builder.take(event)
    except _Refused as refused:
        return None, [*builder.faults, refused.fault]
    except yaml.YAMLError as error:
        return None, [*builder.faults, _explain_syntax(error)]
    return builder.root, builder.faults


def read_plain(text: str) -> JsonValue:
    """The value of a word without quotes: null, true, false, a decimal number, else the text itself."""
    if text in _WORDS:
        return _WORDS[text]
    if len(text) > _LONGEST_NUMBER or _LEADING_ZERO.match(text):
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) or text.lower() in (".nan", ".inf", "-.inf", "+.inf"):
        return float(text.lower().replace(".nan", "nan").replace(".inf", "inf"))
    return text


def _parse(text: str) -> Iterator[Any]:
    # A build of PyYAML without libyaml has only the slower one.
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    yield from yaml.parse(text, Loader=loader)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


def _explain_syntax(error: yaml.YAMLError) -> TextFault:
    mark: Any = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    words = getattr(error, "problem", None) or str(error).splitlines()[0]
    place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
    return TextFault("bad-syntax", f"This is no YAML: {words}{place}.")


@dataclass
class _Level:
    """An object or list that is being read."""

    value: dict[str, JsonValue] | list[JsonValue]
    anchor: str | None
    key: str | None = None  # of an object: the key whose value comes next
    lines: dict[str, int] = field(default_factory=dict[str, int])  # of an object: where its keys stand
    has_merge: bool = False  # of an object: it has the key `<<`

    @property
    def expects_key(self) -> bool:
        return isinstance(self.value, dict) and self.key is None


class _Builder:
    """Takes the events of one YAML text and builds its value."""

    def __init__(self) -> None:
        self.root: JsonValue = None
        self.faults: list[TextFault] = []
        self._levels: list[_Level] = []
        self._anchors: dict[str, JsonValue] = {}
        self._has_document = False
        self._repeated = 0

    def take(self, event: Any) -> None:
        self._line: int = event.start_mark.line + 1 if event.start_mark else 0
        match event:
            case yaml.DocumentStartEvent():
                if self._has_document:
                    message = f"A second document begins in line {self._line}: put each into a file of its own."
                    raise _Refused(TextFault("several-documents", message))
                self._has_document = True
            case yaml.AliasEvent():
                self._refuse_as_key()
                self._put(self._repeat(event.anchor))
            case yaml.ScalarEvent():
                self._check_tag(event)
                self._put_scalar(event)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._check_tag(event)
                self._open(event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._close()
            case _:
                pass

    def _fault(self, code: str, message: str) -> None:
        self.faults.append(TextFault(code, message, self._path()))

    def _path(self) -> str:
        steps: list[str | int] = []
        for level in self._levels:
            if isinstance(level.value, list):
                steps.append(len(level.value) - (level is not self._levels[-1]))
            elif level.key is not None:
                steps.append(level.key)
        return write_path(steps)

    def _check_tag(self, event: Any) -> None:
        if event.tag is not None:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self._fault(
                "tag-not-allowed", f"The tag `{tag}` in line {self._line} is not allowed: write the value itself."
            )

    def _put_scalar(self, event: Any) -> None:
        is_plain = bool(event.implicit[0])
        if self._levels and self._levels[-1].expects_key:
            self._begin_field(self._levels[-1], event.value, is_plain=is_plain)
            return
        value = read_plain(event.value) if is_plain else event.value
        if event.anchor:
            self._anchors[event.anchor] = value
        self._put(value)

    def _begin_field(self, level: _Level, key: str, *, is_plain: bool) -> None:
        # A key is text as it is written: `1: x` and `true: x` mean "1" and "true".
        if key in level.lines:
            message = f"`{key}` stands twice in one object (lines {level.lines[key]} and {self._line}): keep one."
            self._fault("duplicate-key", message)
        elif is_plain and key == "<<":
            level.has_merge = True
            self._fault("merge-not-allowed", f"`<<` in line {self._line} is not YAML 1.2: write the fields out.")
        level.lines.setdefault(key, self._line)
        level.key = key

    def _open(self, event: Any) -> None:
        if len(self._levels) >= MAX_DEPTH:
            raise _Refused(TextFault("too-deep", f"Line {self._line} is nested deeper than {MAX_DEPTH}."))
        self._refuse_as_key()
        value: dict[str, JsonValue] | list[JsonValue] = {} if isinstance(event, yaml.MappingStartEvent) else []
        key = self._levels[-1].key if self._levels else None
        self._put(value)
        if key is not None:
            self._levels[-1].key = key  # paths of what is inside go through it
        self._levels.append(_Level(value, event.anchor))

    def _close(self) -> None:
        level = self._levels.pop()
        if level.has_merge and isinstance(level.value, dict):
            del level.value["<<"]
        if level.anchor:
            self._anchors[level.anchor] = level.value
        if self._levels:
            self._levels[-1].key = None

    def _refuse_as_key(self) -> None:
        if self._levels and self._levels[-1].expects_key:
            raise _Refused(TextFault("bad-key", f"The key in line {self._line} is not plain text: write it out."))

    def _put(self, value: JsonValue) -> None:
        if not self._levels:
            self.root = value
            return
        level = self._levels[-1]
        if isinstance(level.value, list):
            level.value.append(value)
        elif level.key is not None:
            level.value.setdefault(level.key, value)  # the first of a duplicate
            level.key = None

    def _repeat(self, anchor: str) -> JsonValue:
        """A copy of the value with this anchor; bounded, since aliases of aliases double at each step."""
        if anchor not in self._anchors:
            message = f"`*{anchor}` in line {self._line} stands for a value that is not given before, as `&{anchor} …`."
            raise _Refused(TextFault("bad-alias", message))
        return self._copy(self._anchors[anchor], len(self._levels))

    def _copy(self, value: JsonValue, depth: int) -> JsonValue:
        self._repeated += 1
        if self._repeated > MAX_REPEATED_VALUES:
            message = f"The aliases up to line {self._line} repeat more than {MAX_REPEATED_VALUES:,} values."
            raise _Refused(TextFault("too-many-aliases", message))
        if depth > MAX_DEPTH:
            raise _Refused(TextFault("too-deep", f"The alias in line {self._line} nests deeper than {MAX_DEPTH}."))
        if isinstance(value, dict):
            return {key: self._copy(item, depth + 1) for key, item in value.items()}
        if isinstance(value, list):
            return [self._copy(item, depth + 1) for item in value]
        return value
