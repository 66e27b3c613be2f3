"""Passwords, kept as Argon2id hashes only."""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from agentmesh_dagster.errors import InvalidValue

SHORTEST, LONGEST = 10, 1_000  # characters

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)  # 19 MiB: OWASP's first choice


class UnfitPassword(InvalidValue):
    """This cannot be a password."""


def hash_password(password: str) -> str:
    """Takes some 30 ms of processor time, on purpose. Raises UnfitPassword."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise UnfitPassword(f"it has {SHORTEST} to {LONGEST:,} characters; this one has {len(password)}")
    return _hasher.hash(password.encode(errors="surrogatepass"))


def is_password(password: str, kept_hash: str | None) -> bool:
    """Whether it is the one; takes as long for somebody unknown (None), so that names cannot be found out."""
    try:
        _hasher.verify(kept_hash or _hash_of_nobody(), password[:LONGEST].encode(errors="surrogatepass"))
    except VerifyMismatchError:
        return False
    return kept_hash is not None


def is_hash_dated(kept_hash: str) -> bool:
    """Whether a newer release would hash the same password differently."""
    return _hasher.check_needs_rehash(kept_hash)


@cache
def _hash_of_nobody() -> str:
    return _hasher.hash("of nobody")
