"""Secrets that the operator has opened to tools: put in at the call, for their hosts alone, and taken out of all that
comes back."""

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.secret_names import NamedSecret, describe_closed, put_in
from agentmesh_dagster.settings import OpenedSecret
from agentmesh_dagster.tools.errors import InvalidTool, InvalidToolInput

_MASK = "***"
_ESCAPE = re.compile(r"%[0-9A-F]{2}")


@dataclass(frozen=True)
class Secrets:
    """The values that must not be seen again."""

    values: tuple[str, ...] = field(default=(), repr=False)

    def scrub_text(self, text: str) -> str:
        """`text` with `***` for every secret, however it is quoted or encoded."""
        shown = {form for value in self.values for form in _list_spellings(value)}
        for form in sorted(shown, key=len, reverse=True):
            text = text.replace(form, _MASK)
        return text

    def are_in(self, content: bytes) -> bool:
        """Whether one of them stands in bytes that nothing can be taken out of."""
        return any(form.encode() in content for value in self.values for form in _list_spellings(value))

    def scrub_result(self, value: JsonValue) -> JsonValue:
        """`value` with every secret replaced in its texts and keys."""
        if not self.values:
            return value
        if isinstance(value, str):
            return self.scrub_text(value)
        if isinstance(value, list):
            return [self.scrub_result(item) for item in value]
        if isinstance(value, dict):
            return {self.scrub_text(key): self.scrub_result(item) for key, item in value.items()}
        # A secret of digits alone may come back as a number.
        return _MASK if not isinstance(value, bool) and self.scrub_text(str(value)) == _MASK else value


NO_SECRETS = Secrets()


class SecretLookup:
    """Gives out the values of opened secrets for one host, and keeps which ones it gave."""

    def __init__(self, opened: Mapping[str, OpenedSecret], *, scheme: str, host: str, port: int | None) -> None:
        """`port` is None where the URL says none."""
        self._opened = opened
        self._scheme, self._host, self._port = scheme, host, port
        self._used: dict[str, str] = {}

    @property
    def names(self) -> list[str]:
        """Those that were given out."""
        return list(self._used)

    @property
    def secrets(self) -> Secrets:
        """Their values, to be taken out of what comes back."""
        return Secrets(tuple(self._used.values()))

    def find(self, named: NamedSecret) -> str:
        """Raises InvalidTool, naming the secret and never a value, when it is not open for this host."""
        name = named.name
        if not named.is_name:
            raise InvalidTool(f"`{named.text}` is no secret: write ${{NAME}}, its name")
        if why := describe_closed(name, self._opened.get(name), self._scheme, self._host, self._port):
            raise InvalidTool(why)
        self._used[name] = self._opened[name].value.get_secret_value()
        return self._used[name]

    def fill(self, value: JsonValue, encode: Callable[[str], str] = str) -> JsonValue:
        """`value` with the secrets that it names, each written as `encode` says."""
        return put_in(value, lambda named: encode(self.find(named)))


def refuse_secrets(headers: Mapping[str, str]) -> None:
    """Raises InvalidToolInput for a `${NAME}` in headers that do not come from a tool's own configuration."""
    for name, value in headers.items():
        if "${" in value:
            raise InvalidToolInput(f"header `{name}`: only an http tool's own configuration may name secrets")


def _list_spellings(secret: str) -> set[str]:
    """The secret as it stands, inside JSON text, inside a URL, as hex, and inside base64 at any place."""
    in_json = {json.dumps(secret, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)}
    in_url = {quote(secret), quote(secret, safe=""), quote_plus(secret)}
    in_url |= {_ESCAPE.sub(lambda escape: escape[0].lower(), text) for text in in_url}
    raw = secret.encode()
    coded = {raw.hex(), raw.hex().upper()}
    for offset in range(3):
        # Of the characters at both ends, a part comes from what stands beside the secret.
        whole = base64.b64encode(bytes(offset) + raw).decode().rstrip("=")
        inner = whole[(0, 2, 3)[offset] : len(whole) - (1 if (offset + len(raw)) % 3 else 0)]
        coded |= {inner, inner.replace("+", "-").replace("/", "_")}
    return {secret} | in_json | in_url | coded
