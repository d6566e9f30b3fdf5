"""Identifiers: a prefix that names the kind, and 20 random characters."""

import secrets
import string

ALPHABET = string.ascii_lowercase + string.digits


def new_id(kind: str) -> str:
    """An id such as `mem_k3v…`: 103 bits of randomness, safe in a URL."""
    return f"{kind}_" + "".join(secrets.choice(ALPHABET) for _ in range(20))
