"""Webhooks of third parties: `hooks …`."""

from enum import StrEnum
from typing import Annotated

import typer

from agentmesh_dagster.cli.grammar.options import Format, FormatOption

hooks_app = typer.Typer(no_args_is_help=True, help="Hooks: addresses for the webhooks of third parties.")

HookArgument = Annotated[str, typer.Argument(metavar="HOOK", help="A hook's id or name.")]


class Scheme(StrEnum):
    """Whose way of signing."""

    GITHUB = "github"
    STRIPE = "stripe"
    SLACK = "slack"
    SHOPIFY = "shopify"
    HMAC = "hmac"


class Encoding(StrEnum):
    HEX = "hex"
    BASE64 = "base64"


@hooks_app.command("create")
def create_hook(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    event: Annotated[
        str, typer.Option("--event", "-e", metavar="EVENT", help="What it posts, such as `github.{X-GitHub-Event}`.")
    ],
    project: Annotated[str, typer.Option("--project", "-p", metavar="P", help="The project that it belongs to.")] = (
        "default"
    ),
    scheme: Annotated[Scheme | None, typer.Option("--scheme", "-s", help="Whose way of signing.")] = None,
    secret: Annotated[
        str | None, typer.Option("--secret", metavar="NAME", help="What it is signed with: AGENTMESH_SECRET_<NAME>.")
    ] = None,
    header: Annotated[
        str | None, typer.Option("--header", metavar="H", help="Of `hmac`: the header of the signature.")
    ] = None,
    encoding: Annotated[Encoding, typer.Option("--encoding", help="Of `hmac`: how the signature is written.")] = (
        Encoding.HEX
    ),
    prefix: Annotated[
        str | None, typer.Option("--prefix", metavar="TEXT", help="Of `hmac`: what stands before it, as `sha256=`.")
    ] = None,
    delivery_id: Annotated[
        str | None,
        typer.Option(
            "--delivery-id",
            metavar="WHERE",
            help="`header:NAME`, `field:NAME`, `digest` or `none`: a repeat is known by.",
        ),
    ] = None,
) -> None:
    """Make an address, and print it: it is shown this once."""
    from agentmesh_dagster.cli.commands import hooks

    signature = None
    if scheme or secret or header or prefix:
        signature = {"scheme": scheme and scheme.value, "secret": secret}
        signature |= {"header": header, "encoding": encoding.value, "prefix": prefix}
    hooks.create_hook(
        {"name": name, "eventName": event, "projectId": project, "signature": signature, "deliveryId": delivery_id}
    )


@hooks_app.command("list")
def list_hooks(output: FormatOption = Format.TABLE) -> None:
    """List the hooks, and why the last delivery was refused."""
    from agentmesh_dagster.cli.commands import hooks

    hooks.list_hooks(as_json=output is Format.JSON)


@hooks_app.command("rotate")
def rotate_hook(hook: HookArgument) -> None:
    """Give a hook another address, and print it: the one that it had is none any more."""
    from agentmesh_dagster.cli.commands import hooks

    hooks.rotate_hook(hook)


@hooks_app.command("delete")
def delete_hook(hook: HookArgument) -> None:
    """Delete a hook: what is posted to its address is refused."""
    from agentmesh_dagster.cli.commands import hooks

    hooks.delete_hook(hook)
