"""Statements of sql tools: read in the database's dialect, before anything is asked of it.

One statement, and one that changes nothing unless the tool may. The database is told to change nothing, too, where it
knows how; this is what keeps from it what it would not count as a change: files, other servers, locks, settings.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from agentmesh_dagster.entities.text import join_names
from agentmesh_dagster.errors import AgentMeshError

if TYPE_CHECKING:
    from sqlglot import exp

# As an SQLAlchemy URL says it → as sqlglot does.
DIALECTS: Mapping[str, str] = {
    "duckdb": "duckdb",
    "postgresql": "postgres",
    "postgres": "postgres",
    "sqlite": "sqlite",
    "mysql": "mysql",
    "mariadb": "mysql",
    "mssql": "tsql",
    "oracle": "oracle",
    "redshift": "redshift",
    "snowflake": "snowflake",
    "bigquery": "bigquery",
    "trino": "trino",
}
DUCKDB = "duckdb"  # by both names

# Functions that do something although they stand in a query, or read what is no table; those that execute a text could
# hide such a call in it.
_SIDE_EFFECTS = re.compile(
    r"pg_read_\w+|pg_ls_\w+|pg_stat_file|pg_file_\w+|lo_\w+|dblink\w*|nextval|setval|set_config|pg_notify"
    r"|pg_(try_)?advisory_\w+|pg_(terminate|cancel)_backend|pg_reload_conf|pg_rotate_\w+|pg_switch_\w+|pg_promote"
    r"|pg_(create|drop|logical|replication|backup|wal)_\w+|(query|cursor)_to_xml\w*|ts_(stat|rewrite)|crosstab\w*"
    r"|load_file|get_lock|release_(all_)?locks?|sys_(exec|eval)|load_extension|writefile|readfile|edit"
    r"|openrowset|openquery|opendatasource|[xs]p_\w+|utl_\w+|dbms_\w+|httpuritype|external_query|system\$\w+",
    re.IGNORECASE,
)
_NAME = re.compile(r"[A-Za-z_]\w*")


class InvalidStatement(AgentMeshError):
    """The tool does not execute this statement."""


@dataclass(frozen=True)
class Statement:
    text: str
    dialect: str  # sqlglot's name
    parameters: tuple[str, ...]  # each once, in their order
    is_query: bool  # it changes nothing


def find_dialect(url: str) -> str | None:
    """sqlglot's name of the dialect that the database at an SQLAlchemy URL speaks; None for one that we cannot read."""
    return DIALECTS.get(re.split(r"[:+]", url, maxsplit=1)[0].lower())


@lru_cache(maxsize=256)
def read_statement(text: str, dialect: str, *, is_read_only: bool) -> Statement:
    """Raises InvalidStatement, which says why it is not executed."""
    tree = _parse(text, dialect)
    if (fault := _find_change(tree)) and is_read_only:
        raise InvalidStatement(f"{fault}; the tool may only read (readOnly)")
    return Statement(text, dialect, _list_parameters(tree, dialect), is_query=fault is None)


def _parse(text: str, dialect: str) -> "exp.Expr":
    import sqlglot  # slow to import, and needed by sql tools alone
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    if "\x00" in text:
        raise InvalidStatement("it has a character \\u0000")
    try:
        read = sqlglot.parse(text, dialect=dialect)
    except SqlglotError as error:
        raise InvalidStatement(_describe(error)) from None
    except RecursionError:
        raise InvalidStatement("it is nested too deeply") from None
    trees = [tree for tree in read if tree is not None and not isinstance(tree, exp.Semicolon)]
    if len(trees) != 1:
        raise InvalidStatement(f"{len(trees)} statements stand here, and a call executes one")
    if isinstance(trees[0], exp.Transaction | exp.Commit | exp.Rollback):
        raise InvalidStatement("each call is a transaction of its own: it needs no BEGIN, COMMIT or ROLLBACK")
    return trees[0]


def _describe(error: Exception) -> str:
    for fault in getattr(error, "errors", ()):
        near = f"{fault['start_context'][-20:]}{fault['highlight']}{fault['end_context'][:20]}".strip()
        said = fault["description"].partition(" but got <")[0].rstrip(".")
        return f"line {fault['line']}, column {fault['col']}, at `{near}`: {said}"
    return str(error).split("\n")[0]


def _find_change(tree: "exp.Expr") -> str | None:
    """What keeps a statement from being a mere query, in words."""
    from sqlglot import exp

    if not isinstance(tree, exp.Query | exp.Values | exp.Describe | exp.Show | exp.Summarize):
        return f"{_name(tree)} is no query"
    changes = exp.Insert | exp.Update | exp.Delete | exp.Merge | exp.Copy | exp.Create | exp.Drop | exp.Command
    for node in tree.walk():
        if isinstance(node, changes):
            return f"{_name(node)} stands in it"
        if isinstance(node, exp.Into):
            return "SELECT … INTO writes what it finds"
        if isinstance(node, exp.Lock):
            return "it locks rows"
        if isinstance(node, exp.Anonymous | exp.Dot) and _SIDE_EFFECTS.fullmatch(str(node.name or "")):
            return f"the function {node.name} does more than read tables"
        if isinstance(node, exp.Dot) and _SIDE_EFFECTS.fullmatch(node.this.name):
            return f"the functions of {node.this.name} do more than read tables"
    return None


def _name(tree: "exp.Expr") -> str:
    """The word with which a statement begins: `INSERT`."""
    from sqlglot import exp

    return (str(tree.this) if isinstance(tree, exp.Command) else tree.key).upper()


def _list_parameters(tree: "exp.Expr", dialect: str) -> tuple[str, ...]:
    from sqlglot import exp

    names: dict[str, None] = {}
    # Breadth first is not the order in which they stand; depth first is.
    for node in tree.find_all(exp.Placeholder, exp.Parameter, bfs=False):
        name: object = node.this
        if not isinstance(node, exp.Placeholder) or not isinstance(name, str) or not _NAME.fullmatch(name):
            raise InvalidStatement(f"a parameter is written {write_parameter('name', dialect)}")
        names[name] = None
    return tuple(names)


def write_parameter(name: str, dialect: str) -> str:
    """A parameter as it stands in a statement."""
    return f"${name}" if dialect == DUCKDB else f":{name}"


def list_dialects() -> str:
    """The databases that can be asked, for people."""
    return join_names(list(DIALECTS))
