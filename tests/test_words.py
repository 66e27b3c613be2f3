"""One name for a thing: words that docs/glossary.md has replaced stand as identifiers nowhere in the code."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
# Old word → the one in use.
REPLACED = {
    "Damage": "Recovery",
    "NO_DAMAGE": "NO_PLACEHOLDERS",
    "vague_ids": "untyped_ids",
    "stand_in": "placeholder",
    "is_whole": "is_complete",
    "_mend": "_repair",
    "Doubts": "Unknowns",
    "open_in": "missing_sources",
    "open_out": "missing_targets",
    "misses_nodes": "missing_nodes",
    "keep_up": "run_maintenance",
    "Upkeep": "MaintenanceReport",
    "GOES_ON": "ACTIVE",
    "going_on": "continuation",
    "take_up_launch": "begin_launch",
    "STANDS_BACK": "NOT_READY",
    "mayChoose": "is_conditional",
    "_CHOOSING": "is_conditional",
    "choices_cover_everything": "branches_are_exhaustive",
    "beginning": "id_prefix",
    "Visit": "RequestInfo",
    "get_visit": "get_request_info",
    "visit": "request_info",
    "refuse_faults": "raise_for_issues",
    "Ask": "AuthRequest",
    "_asker": "find_denial",
    "Recent": "LRUCache",
    "StepFault": "NodeError",
    "StepFailure": "FailedStep",
    "_tell": "_describe",
    "_tell_dagster": "_report_to_dagster",
    "Fate": "Interference",
    "Deed": "Action",
    "World": "System",
    "Ledger": "Journal",
    "Picture": "Snapshot",
    "Witness": "Recorder",
    "witness": "recorder",
}
ELSEWHERE = {
    ("store/tables.py", "visit"),  # a column
    ("store/steps.py", "visit"),
    ("entities/models.py", "visit"),
    ("tools/json_query.py", "visit"),  # of jmespath
}
REPLACED_FILES = (
    "going_on",
    "upkeep",
    "nearest",
    "terminals",
    "visit",
    "entering",
    "witness",
    "deeds",
    "fates",
    "ledger",
)


def list_identifiers(source: str) -> Iterator[str]:
    """Every name that the source gives or uses."""
    for syntax in ast.walk(ast.parse(source)):
        match syntax:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name) | ast.keyword(arg=str(name)):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case _:
                pass


def list_sources(folder: str) -> Iterator[Path]:
    yield from (path for path in sorted((ROOT / folder).rglob("*.py")) if "node_modules" not in path.parts)


def test_replaced_words_stand_nowhere_in_the_code() -> None:
    found = {
        f"{path.relative_to(ROOT)}: {name}, say {REPLACED[name]}"
        for path in list_sources("agentmesh_dagster")
        for name in list_identifiers(path.read_text(encoding="utf-8"))
        if name in REPLACED and (path.relative_to(ROOT / "agentmesh_dagster").as_posix(), name) not in ELSEWHERE
    }

    assert found == set()


def test_replaced_words_name_no_files_and_no_parts_of_the_tests_of_gates() -> None:
    named = [path for folder in ("agentmesh_dagster", "tests") for path in list_sources(folder)]
    of_gates = {
        name for path in list_sources("tests/gates") for name in list_identifiers(path.read_text(encoding="utf-8"))
    }

    assert [path for path in named if path.stem in REPLACED_FILES] == []
    assert of_gates & REPLACED.keys() == set()


def test_the_glossary_names_files_that_are_there() -> None:
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    named = {
        place
        for line in text.splitlines()
        if line.startswith("|")
        for place in re.findall(r"`([a-z_/]+(?:\.py|/))`", line)
    }

    assert [place for place in sorted(named) if not (ROOT / "agentmesh_dagster" / place).exists()] == []
    assert named
