"""People and tokens: `token …` and `user …`."""

from typing import Annotated

import typer

from agentmesh_dagster.cli.grammar.options import Format, FormatOption
from agentmesh_dagster.entities.access import Role

token_app = typer.Typer(no_args_is_help=True, help="Tokens: how scripts come in.")
user_app = typer.Typer(no_args_is_help=True, help="Users: who may log in at the web server.")

NameArgument = Annotated[str, typer.Argument(metavar="NAME")]
RoleOption = Annotated[Role, typer.Option("--role", "-r", help="What they may do.")]


@token_app.command("create")
def create_token(name: NameArgument, role: RoleOption) -> None:
    """Make a token, and print it: it is shown this once."""
    from agentmesh_dagster.cli.commands import people

    people.create_token(name, role)


@token_app.command("list")
def list_tokens(output: FormatOption = Format.TABLE) -> None:
    """List the tokens, the revoked ones too."""
    from agentmesh_dagster.cli.commands import people

    people.list_tokens(as_json=output is Format.JSON)


@token_app.command("revoke")
def revoke_token(name: NameArgument) -> None:
    """Let a script in no more."""
    from agentmesh_dagster.cli.commands import people

    people.revoke_token(name)


@user_app.command("add")
def add_user(
    name: NameArgument,
    role: RoleOption,
    with_password: Annotated[
        bool, typer.Option("--password/--no-password", help="Ask for a password; or log in by links only.")
    ] = True,
) -> None:
    """Let somebody in. The password is asked for, or read from standard input."""
    from agentmesh_dagster.cli.commands import people

    people.add_user(name, role, with_password=with_password)


@user_app.command("list")
def list_users(output: FormatOption = Format.TABLE) -> None:
    """List those who may log in."""
    from agentmesh_dagster.cli.commands import people

    people.list_users(as_json=output is Format.JSON)


@user_app.command("set-role")
def set_role(name: NameArgument, role: Annotated[Role, typer.Argument(metavar="ROLE")]) -> None:
    """Change what somebody may do, at once."""
    from agentmesh_dagster.cli.commands import people

    people.set_role(name, role)


@user_app.command("set-password")
def set_password(name: NameArgument) -> None:
    """Give somebody a new password, and end their sessions."""
    from agentmesh_dagster.cli.commands import people

    people.set_password(name)


@user_app.command("remove")
def remove_user(name: NameArgument) -> None:
    """Let somebody in no more, and end their sessions."""
    from agentmesh_dagster.cli.commands import people

    people.remove_user(name)


@user_app.command("login-link")
def login_link(
    name: NameArgument,
    server: Annotated[
        str | None, typer.Option("--server", metavar="URL", help="Where the web server is (AGENTMESH_PUBLIC_URL).")
    ] = None,
) -> None:
    """Print a link that logs somebody in, once, within an hour."""
    from agentmesh_dagster.cli.commands import people

    people.print_login_link(name, server)
