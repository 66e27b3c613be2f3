"""Secrets that the server gives out: tokens, sessions, login links. It keeps their hashes alone."""

import hashlib
import secrets

TOKEN_PREFIX = "agentmesh_"  # so that programs that look for leaked secrets know one when they see it


def make_secret() -> str:
    """256 random bits."""
    return secrets.token_urlsafe(32)


def make_token() -> str:
    """A bearer token for a script."""
    return TOKEN_PREFIX + make_secret()


def hash_secret(secret: str) -> str:
    """SHA-256 in hex; a secret that is random needs no slow hash, and looking one up tells nothing by its time."""
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()
