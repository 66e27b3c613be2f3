"""What a docstring says of a function and of its parameters: Google's style, NumPy's, Sphinx's and Epydoc's."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import docstring_parser


@dataclass(frozen=True)
class Docstring:
    """One that says nothing of parameters stays as it is."""

    text: str  # what it says of the whole
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])


def read_docstring(text: str) -> Docstring:
    """What `text` says, in whichever style."""
    try:
        parsed = docstring_parser.parse(text)
    except docstring_parser.ParseError:
        return Docstring(text)
    parameters = {each.arg_name: each.description for each in parsed.params if each.description}
    if not parameters:
        return Docstring(text)
    parts = [(parsed.description or "").strip()]
    if parsed.returns and parsed.returns.description:
        parts.append(f"Returns: {parsed.returns.description}")
    return Docstring("\n\n".join(filter(None, parts)), parameters)
