"""What the operator's file declares: read once, checked at the start, all faults at once and no value in any."""

from pathlib import Path

import pytest

from agentmesh_dagster.settings import InvalidSettings, Settings, get_settings
from agentmesh_dagster.specs.secret_values import list_secret_values

SOUND = """
[connections.azure]
kind = "openai"
base_url = "https://mesh.example/v1"
api_key = {env = "AZURE_KEY"}
headers = {"X-Tenant" = "Bearer tenant-7"}

[databases.shop]
url = "postgresql://mesh:p%40ss-word@db/shop?sslpassword=for-the-key"

[mcp.tickets]
url = "https://tickets.example/mcp?api_key=in-the-url"
timeout_seconds = 5

[mcp.files]
command = "files-server"
args = ["--root", {env = "FILES"}]
env = {TOKEN = {env = "AZURE_KEY"}}
"""


@pytest.fixture(autouse=True)
def variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_KEY", "sk-of-azure")
    monkeypatch.setenv("FILES", "/srv")


def write(folder: Path, text: str, name: str = "agentmesh.toml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, "utf-8")
    return folder / name


def fail(home: Path, text: str) -> str:
    """What is said of a faulty file, without where it is."""
    file = write(home, text)
    with pytest.raises(InvalidSettings) as raised:
        get_settings()
    return raised.value.detail.replace(f"{file}: ", "")


def test_what_the_file_declares_is_known_by_name(home: Path):
    write(home, SOUND)

    declared = get_settings().declared

    azure = declared.connections["azure"]
    assert azure.api_key is not None
    assert azure.api_key.get_secret_value() == "sk-of-azure"
    assert declared.databases["shop"].external_access is False
    assert [declared.mcp["tickets"].timeout_seconds, declared.mcp["files"].args] == [5, ("--root", "/srv")]
    assert "sk-of-azure" not in repr(declared)


def test_a_file_may_stand_elsewhere_and_without_one_nothing_is_declared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    assert not Settings().declared.databases
    monkeypatch.setenv("AGENTMESH_CONFIG", str(write(tmp_path, SOUND, "mine.toml")))
    assert list(Settings().declared.databases) == ["shop"]


def test_no_error_shows_a_key_of_the_file_or_a_password_in_a_url(home: Path):
    write(home, SOUND)

    secrets = set(list_secret_values(Settings()))

    assert secrets >= {"sk-of-azure", "tenant-7", "p%40ss-word", "p@ss-word", "for-the-key", "in-the-url"}
    assert not secrets & {"Bearer", "mesh", "/srv", "https://mesh.example/v1"}


NOT_SET = "the variable NOT_SET of the environment is not set"
FAULTS = [
    ("a = ", ["it is no TOML: Invalid value (at end of document)"]),
    ("[database.shop]\nurl = 's3cret://'", ["[database]: there is no such table: did you mean databases?"]),
    (
        "[databases.shop]\nuri = 's3cret'",
        ["[databases.shop] url: Field required", "[databases.shop] uri: there is no such key: did you mean url?"],
    ),
    ("[databases.shop]\nurl = 's3cret'", ["[databases.shop]: url is none: write dialect://…, as SQLAlchemy does"]),
    ("[databases.'a b']\nurl = 's3cret://'", ["[databases.a b]: a name has letters, digits and . _ -, 64 at most"]),
    ("[databases.shop]\nurl = {env = 'NOT_SET'}", [f"[databases.shop] url: {NOT_SET}"]),
    ("[mcp.a]\ncommand = 'c'\nenv.T = {env = 'NOT_SET'}", [f"[mcp.a] env.T: {NOT_SET}"]),
    ("[mcp.a]\ntimeout_seconds = {env = 'NOT_SET'}\nurl = 'https://a'", [f"[mcp.a] timeout_seconds: {NOT_SET}"]),
    ("[mcp.a]\nargs = ['s3cret']", ["[mcp.a]: give either url or command"]),
    ("[mcp.a]\nurl = 'https://a'\nargs = ['s3cret']", ["[mcp.a]: args and env are for a server with a command"]),
    ("[mcp.a]\nurl = 'ftp://a'\n", ["[mcp.a] url: this is no address: it begins with http:// or https://"]),
    (
        "[mcp.a]\nurl = 'https://a'\ntimeout_seconds = 1e9",
        ["[mcp.a] timeout_seconds: Input should be less than or equal to 86400"],
    ),
]


@pytest.mark.parametrize(("text", "faults"), FAULTS)
def test_a_fault_says_file_table_and_key_and_no_value(text: str, faults: list[str], home: Path):
    assert fail(home, text) == "; ".join(faults)


def test_all_faults_of_file_and_environment_are_told_at_once(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AGENTMESH_LEASE_SECONDS", "soon")
    monkeypatch.setenv("AGENTMESH_SECRET_SHOP", "s3cret-of-the-shop")

    told = fail(home, "[databases.shop]\nurl = 's3cret'\n\n[mcp.a]\n\n[other]")

    assert "AGENTMESH_LEASE_SECONDS" in told
    assert "AGENTMESH_SECRET_SHOP" in told
    assert all(f"[{table}]" in told for table in ("databases.shop", "mcp.a", "other"))
    assert "s3cret" not in told


def test_a_file_that_was_named_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AGENTMESH_CONFIG", str(tmp_path / "none.toml"))

    with pytest.raises(InvalidSettings, match=r"none\.toml: No such file"):
        get_settings()
