"""Who is asking: signed tokens, the roles they carry, and their revocation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import jwt
from sqlalchemy import Column, DateTime, Index, Table, Text, delete, select
from sqlalchemy.dialects.postgresql import insert as insert_or_ignore

from foundation.clock import Clock, system_clock
from foundation.crypto import parse_keys
from foundation.errors import Unauthorized
from foundation.ids import new_id
from foundation.personal import IMPERSONAL
from foundation.settings import AuthSettings
from foundation.sql import Ledger, metadata

ALGORITHM = "HS256"
CLAIMS = ["sub", "role", "jti", "iat", "exp", "aud", "iss"]
CLOCK_SKEW = timedelta(seconds=60)
NEVER = datetime.max.replace(tzinfo=UTC)

revoked_tokens = Table(
    "revoked_tokens",
    metadata,
    Column("token_id", Text, primary_key=True),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Index("ix_revoked_tokens_expires_at", "expires_at"),
    info=IMPERSONAL,
)


class Role(StrEnum):
    GUEST = "guest"
    CUSTOMER = "customer"
    STAFF = "staff"
    ADMIN = "admin"
    SERVICE = "service"
    """A till, a telephone line or another machine of the shop's, which tells us what happened there."""


class Duty(StrEnum):
    """What a member of staff is there for."""

    SUPPORT = "support"
    MANAGER = "manager"
    COMPLIANCE = "compliance"


SCOPES: Mapping[Role, frozenset[str]] = {
    Role.GUEST: frozenset({"shop:read"}),
    Role.CUSTOMER: frozenset({"shop:read", "own:read", "own:write"}),
    Role.STAFF: frozenset({"shop:read", "staff:read"}),
    Role.ADMIN: frozenset(
        {"shop:read", "staff:read", "shop:manage", "money:refund", "compliance", "memory:record", "admin"}
    ),
    Role.SERVICE: frozenset({"memory:record"}),
}
DUTIES: Mapping[Duty, frozenset[str]] = {
    Duty.SUPPORT: frozenset(),
    Duty.MANAGER: frozenset({"shop:manage", "money:refund", "memory:record"}),
    Duty.COMPLIANCE: frozenset({"compliance"}),
}
"""What a duty adds to the scopes of staff; a token of staff that names none is a manager's."""


@dataclass(frozen=True)
class Principal:
    id: str
    """`cus_…` for a customer (their row in `customers`), `gst_…` guest, `stf_…` staff, `svc_…` machines."""
    role: Role
    token_id: str = ""
    duty: Duty | None = None
    """Of staff alone."""
    expires_at: datetime = field(default=NEVER, compare=False)
    """When the token that speaks for them does."""

    @classmethod
    def with_badge(cls, principal_id: str, badge: str) -> "Principal":
        """Whom a stored badge stands for."""
        role, _, duty = badge.partition(":")
        return cls(principal_id, Role(role), duty=Duty(duty) if duty else None)

    @property
    def badge(self) -> str:
        """Role and duty in one word, to be stored with what is done later in the principal's name."""
        return f"{self.role}:{self.duty}" if self.duty else self.role.value

    @property
    def scopes(self) -> frozenset[str]:
        added = DUTIES[self.duty or Duty.MANAGER] if self.role is Role.STAFF else frozenset()
        return SCOPES[self.role] | added


@dataclass(frozen=True)
class Token:
    text: str
    id: str
    expires_at: datetime


class TokenRefused(Unauthorized):
    def __init__(self) -> None:
        super().__init__("This token is not valid; please sign in again.")


class TokenExpired(Unauthorized):
    def __init__(self) -> None:
        super().__init__("Your session has ended; please sign in again.")


class Tokens:
    """Issues and verifies HS256 tokens: the first key signs, every key verifies.

    A revocation reaches every other process within 15 seconds, when it next reads the list.
    """

    def __init__(self, settings: AuthSettings, ledger: Ledger, *, now: Clock = system_clock) -> None:
        self._settings = settings
        self._keys = parse_keys(settings.keys.get_secret_value(), setting="JWT_KEYS")
        self._now = now
        self._revoked = _Revocations(ledger, now)

    def issue(self, principal: Principal, *, ttl: timedelta | None = None) -> str:
        return self.grant(principal, ttl=ttl).text

    def grant(self, principal: Principal, *, ttl: timedelta | None = None) -> Token:
        """A token under the principal's `token_id`, or an id of its own, for `ttl` or as the settings say."""
        now = self._now()
        expires_at = now + (ttl or timedelta(hours=self._settings.ttl_hours))
        claims = {
            "sub": principal.id,
            "role": principal.role.value,
            "jti": principal.token_id or new_id("tok"),
            "iat": int(now.timestamp()),
            "exp": int(expires_at.timestamp()),
            "aud": self._settings.audience,
            "iss": self._settings.issuer,
            **({"duty": principal.duty.value} if principal.duty else {}),
        }
        key_id = next(iter(self._keys))
        text = jwt.encode(claims, self._keys[key_id], algorithm=ALGORITHM, headers={"kid": key_id})
        return Token(text, str(claims["jti"]), expires_at)

    def verify(self, token: str) -> Principal:
        """Who the token speaks for.

        Raises:
            Unauthorized: when it is forged, foreign, expired or revoked.
        """
        claims = self._signed_claims(token)
        principal = self._principal(claims)
        now = self._now()
        if principal.expires_at <= now:
            raise TokenExpired
        if _time(claims["iat"]) > now + CLOCK_SKEW or principal.token_id in self._revoked:
            raise TokenRefused
        return principal

    def revoke(self, token_id: str, expires_at: datetime) -> None:
        self._revoked.add(token_id, expires_at)

    def _signed_claims(self, token: str) -> dict[str, Any]:
        # The library compares times with the system's clock; ours is compared in `verify`.
        options: jwt.types.Options = {
            "require": CLAIMS,
            "strict_aud": True,
            "verify_exp": False,
            "verify_iat": False,
            "verify_nbf": False,
        }
        try:
            key = self._keys[jwt.get_unverified_header(token)["kid"]]
            return jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                options=options,
                audience=self._settings.audience,
                issuer=self._settings.issuer,
            )
        except (jwt.InvalidTokenError, KeyError, ValueError) as error:
            raise TokenRefused from error

    @staticmethod
    def _principal(claims: Mapping[str, Any]) -> Principal:
        try:
            role = Role(claims["role"])
            duty = Duty(claims["duty"]) if "duty" in claims else None
        except ValueError as error:
            raise TokenRefused from error
        if not claims["sub"] or not claims["jti"]:
            raise TokenRefused
        return Principal(claims["sub"], role, claims["jti"], duty, _time(claims["exp"]))


def _time(seconds: object) -> datetime:
    try:
        return datetime.fromtimestamp(int(str(seconds)), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise TokenRefused from error


class _Revocations:
    """The revoked tokens that have not lapsed yet, read from the ledger every few seconds."""

    fresh_for = timedelta(seconds=15)

    def __init__(self, ledger: Ledger, now: Clock) -> None:
        self._ledger = ledger
        self._now = now
        self._ids: frozenset[str] = frozenset()
        self._read_at: datetime | None = None

    def __contains__(self, token_id: str) -> bool:
        now = self._now()
        if self._read_at is None or not timedelta(0) <= now - self._read_at < self.fresh_for:
            self._read(now)
        return token_id in self._ids

    def add(self, token_id: str, expires_at: datetime) -> None:
        now = self._now()
        row = {"token_id": token_id, "expires_at": expires_at}
        with self._ledger.separately() as connection:
            connection.execute(delete(revoked_tokens).where(revoked_tokens.c.expires_at < now - CLOCK_SKEW))
            connection.execute(insert_or_ignore(revoked_tokens).values(row).on_conflict_do_nothing())
        self._read(now)

    def _read(self, now: datetime) -> None:
        current = select(revoked_tokens.c.token_id).where(revoked_tokens.c.expires_at >= now)
        with self._ledger.separately() as connection:
            self._ids = frozenset(connection.execute(current).scalars())
        self._read_at = now
