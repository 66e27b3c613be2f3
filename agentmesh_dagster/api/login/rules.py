"""What a request must fulfil to pass the guard; the first rule that it breaks is the answer."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus

from starlette.datastructures import Headers, QueryParams

from agentmesh_dagster.api.login.hosts import Hosts
from agentmesh_dagster.api.login.request_info import RequestInfo
from agentmesh_dagster.entities.access import Identity, Permission

WEBSOCKET = "WEBSOCKET"  # stands for the method where there is none

_WATCHES = ("/healthz", "/healthz/live")
METRICS = "/metrics"

# The only doors without login. Dagster's /server_info is not among them, because it tells versions.
OPEN = (
    *(("GET", "/login"), ("HEAD", "/login"), ("POST", "/login"), ("POST", "/api/session")),
    *((method, path) for path in _WATCHES for method in ("GET", "HEAD")),
)

# And each address right below these, which has a token for a third party: it is the secret.
# What lies deeper is for those who are logged in.
_CALLBACKS = "/api/callbacks/"
_HOOKS = "/api/hooks/"

_FORMS = ("/login", "/logout")  # bring a token of their own against forgery
_ASKS_ITSELF = ("/login", "/logout", "/api", "/mcp")  # each route there says who may
_GRAPHQL = "/graphql"
_JSON = "application/json"


@dataclass(frozen=True)
class AuthRequest:
    """A request, or a websocket's handshake, as far as the rules look at it."""

    method: str
    path: str  # below the path prefix
    query: str
    headers: Headers
    request_info: RequestInfo
    hosts: Hosts
    identity: Identity | None = None  # not looked up yet, or nobody
    are_metrics_open: bool = False  # by a setting

    @property
    def is_change(self) -> bool:
        return self.method not in ("GET", "HEAD", "OPTIONS", WEBSOCKET)

    @property
    def is_for_hook(self) -> bool:
        """Whether it is a third party's webhook, which may be a form."""
        return self._is_right_below(_HOOKS)

    @property
    def is_for_third_party(self) -> bool:
        """Whether it comes without login, to an address that was given to a service: a webhook, or a callback."""
        return self.is_for_hook or self._is_right_below(_CALLBACKS)

    @property
    def is_graphql(self) -> bool:
        return self.path == _GRAPHQL

    def _is_right_below(self, folder: str) -> bool:
        token = self.path.removeprefix(folder)
        return self.method == "POST" and token not in ("", self.path) and "/" not in token


@dataclass(frozen=True)
class Denial:
    status: HTTPStatus
    detail: str


Rule = Callable[[AuthRequest], Denial | None]


def path_is_plain(request: AuthRequest) -> Denial | None:
    """A path has no control characters: routes that end before a line break match paths that end with one."""
    if any(ord(character) < ord(" ") or ord(character) == 0x7F for character in request.path):
        return Denial(HTTPStatus.BAD_REQUEST, "There is a control character in the path.")
    return None


def host_is_ours(request: AuthRequest) -> Denial | None:
    """The browser means this server, and was not sent here under a name of somebody else's (DNS rebinding)."""
    hosts = request.headers.getlist("host")
    if len(hosts) == 1 and request.hosts.know(hosts[0]):
        return None
    return Denial(
        HTTPStatus.MISDIRECTED_REQUEST,
        "This server does not go by that name. Set AGENTMESH_PUBLIC_URL to the address that people use, or add the "
        "name to AGENTMESH_ALLOWED_HOSTS.",
    )


def change_comes_from_our_pages(request: AuthRequest) -> Denial | None:
    """A browser changes something, or opens a websocket, for one of our pages only."""
    if not request.is_change and request.method != WEBSOCKET:
        return None
    origin = request.headers.get("origin")
    if (site := request.headers.get("sec-fetch-site")) is not None:
        is_ours = site in ("same-origin", "none")
    elif origin is not None:
        is_ours = request.hosts.is_own_origin(origin, request.headers["host"])
    else:
        is_ours = request.request_info.session is None  # no browser, so it must come with a token
    if is_ours:
        return None
    return Denial(HTTPStatus.FORBIDDEN, "This came from a page of another site, or with a cookie and no Origin.")


def somebody_is_known(request: AuthRequest) -> Denial | None:
    """Whoever asks is logged in, or stands before one of the open doors."""
    if request.identity is not None or (request.method, request.path) in OPEN:
        return None
    if request.is_for_third_party:
        return None
    if request.are_metrics_open and (request.method, request.path) == ("GET", METRICS):
        return None
    return Denial(HTTPStatus.UNAUTHORIZED, "Log in at /login, or send `Authorization: Bearer TOKEN`.")


def graphql_comes_by_post(request: AuthRequest) -> Denial | None:
    """Dagster would execute a query in the URL, mutations included, for whoever makes a browser open it."""
    if request.is_graphql and "query" in QueryParams(request.query):
        return Denial(HTTPStatus.METHOD_NOT_ALLOWED, f"Send queries by POST, as {_JSON}.")
    return None


def change_is_json(request: AuthRequest) -> Denial | None:
    """What changes something is JSON, which no form of another site can send; or it has no body at all."""
    if not request.is_change or request.path in _FORMS or request.is_for_hook:
        return None
    types = request.headers.getlist("content-type")
    if len(types) == 1:
        sent = types[0].partition(";")[0].strip()
        # Dagster looks for the word as it is written here, and takes anything else for a query in the URL.
        is_json = sent == _JSON if request.is_graphql else _is_json(sent.lower())
    else:
        is_json = not types and not request.is_graphql and not _has_body(request.headers)
    if is_json:
        return None
    return Denial(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Send JSON, and say so: `Content-Type: {_JSON}`.")


def role_is_enough(request: AuthRequest) -> Denial | None:
    """What changes something in Dagster needs the permission to edit; GraphQL is looked at more closely."""
    asks_itself = any(request.path == own or request.path.startswith(f"{own}/") for own in _ASKS_ITSELF)
    if not request.is_change or request.is_graphql or asks_itself:
        return None
    return None if may_edit(request.identity) else refuse_editing(request.identity)


RULES_BEFORE_LOGIN: tuple[Rule, ...] = (path_is_plain, host_is_ours, change_comes_from_our_pages)
RULES: tuple[Rule, ...] = (somebody_is_known, graphql_comes_by_post, change_is_json, role_is_enough)


def find_denial(rules: Iterable[Rule], request: AuthRequest) -> Denial | None:
    """Why the first of the rules that is broken refuses the request."""
    return next((denial for rule in rules if (denial := rule(request)) is not None), None)


def may_edit(identity: Identity | None) -> bool:
    return identity is not None and identity.may(Permission.EDIT)


def refuse_editing(identity: Identity | None) -> Denial:
    role = identity.role.value if identity else "nobody"
    return Denial(HTTPStatus.FORBIDDEN, f"Your role is {role}, and this needs editor or admin.")


def _is_json(content_type: str) -> bool:
    kind, _, subtype = content_type.partition("/")
    return kind == "application" and (subtype == "json" or subtype.endswith("+json"))


def _has_body(headers: Headers) -> bool:
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"
