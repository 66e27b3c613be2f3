"""Signatures of webhooks, as their senders make them: all are an HMAC-SHA256 of what was sent."""

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Callable, Iterator, Mapping

from agentmesh_dagster.entities.hooks import TOLERANCE_SECONDS, HookSignature
from agentmesh_dagster.errors import AgentMeshError

_NUMBER = re.compile(r"[0-9]{1,12}")


class WrongSignature(AgentMeshError):
    """What was posted is not signed as the hook wants it."""


class HookUnavailable(AgentMeshError):
    """The hook cannot check signatures now."""


def check_signature(signature: HookSignature, secret: str, headers: Mapping[str, str], body: bytes) -> None:
    """Raises WrongSignature; its detail is for whoever looks after the hook, not for whoever posted."""
    for expected, given in _READERS[signature.scheme](signature, secret.encode(), headers, body):
        if hmac.compare_digest(expected.encode(), given.encode()):
            return
    raise WrongSignature(
        f"the signature differs: the sender has another secret than `{signature.secret}`, or the body "
        "was changed on its way"
    )


Pairs = Iterator[tuple[str, str]]  # the signature as it should be, and one that came


def _read_github(_: HookSignature, secret: bytes, headers: Mapping[str, str], body: bytes) -> Pairs:
    yield f"sha256={_sign(secret, body).hex()}", _get(headers, "X-Hub-Signature-256")


def _read_stripe(signature: HookSignature, secret: bytes, headers: Mapping[str, str], body: bytes) -> Pairs:
    parts = [part.strip().partition("=") for part in _get(headers, "Stripe-Signature").split(",")]
    moment = next((value for name, _, value in parts if name == "t"), "")
    _check_time(signature, moment)
    expected = _sign(secret, moment.encode() + b"." + body).hex()
    yield from ((expected, value) for name, _, value in parts if name == "v1")


def _read_slack(signature: HookSignature, secret: bytes, headers: Mapping[str, str], body: bytes) -> Pairs:
    moment = _get(headers, "X-Slack-Request-Timestamp")
    _check_time(signature, moment)
    expected = _sign(secret, b"v0:" + moment.encode() + b":" + body).hex()
    yield f"v0={expected}", _get(headers, "X-Slack-Signature")


def _read_shopify(_: HookSignature, secret: bytes, headers: Mapping[str, str], body: bytes) -> Pairs:
    yield base64.b64encode(_sign(secret, body)).decode(), _get(headers, "X-Shopify-Hmac-Sha256")


def _read_hmac(signature: HookSignature, secret: bytes, headers: Mapping[str, str], body: bytes) -> Pairs:
    digest = _sign(secret, body)
    written = digest.hex() if signature.encoding == "hex" else base64.b64encode(digest).decode()
    assert signature.header is not None  # which `HookSignature` sees to
    given = _get(headers, signature.header)
    if signature.encoding == "hex":
        given = given.lower() if not signature.prefix else given
    yield (signature.prefix or "") + written, given


_READERS: Mapping[str, Callable[[HookSignature, bytes, Mapping[str, str], bytes], Pairs]] = {
    "github": _read_github,
    "stripe": _read_stripe,
    "slack": _read_slack,
    "shopify": _read_shopify,
    "hmac": _read_hmac,
}


def _sign(secret: bytes, signed: bytes) -> bytes:
    return hmac.new(secret, signed, hashlib.sha256).digest()


def _get(headers: Mapping[str, str], name: str) -> str:
    if not (value := headers.get(name, "")):
        raise WrongSignature(f"there is no header `{name}`")
    return value


def _check_time(signature: HookSignature, moment: str) -> None:
    """A signed time that is long ago: somebody has kept the request, and sends it again."""
    if not _NUMBER.fullmatch(moment):
        raise WrongSignature("the signed time is no number of seconds")
    tolerance = signature.tolerance_seconds or TOLERANCE_SECONDS
    if abs(time.time() - int(moment)) > tolerance:
        raise WrongSignature(f"the signed time is more than {tolerance:.0f} s away: a wrong clock, or a replay")
