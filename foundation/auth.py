"""Authentication: signed tokens, the roles they carry, and their revocation."""

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
STAFF_ROLE_CLAIM = "duty"
"""Its name in tokens already issued, and to processes of an earlier version that verify new ones."""
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
    """A cash register, a telephone line or another system of the shop, which reports what happened there."""


class StaffRole(StrEnum):
    """What a member of staff is responsible for."""

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
STAFF_SCOPES: Mapping[StaffRole, frozenset[str]] = {
    StaffRole.SUPPORT: frozenset(),
    StaffRole.MANAGER: frozenset({"shop:manage", "money:refund", "memory:record"}),
    StaffRole.COMPLIANCE: frozenset({"compliance"}),
}
"""Scopes added to those of `Role.STAFF`; a staff token without a staff role has a manager's."""


@dataclass(frozen=True)
class Principal:
    id: str
    """`cus_…` for a customer (their row in `customers`), `gst_…` guest, `stf_…` staff, `svc_…` machines."""
    role: Role
    token_id: str = ""
    staff_role: StaffRole | None = None
    """Only for `Role.STAFF`."""
    expires_at: datetime = field(default=NEVER, compare=False)
    """When the token expires."""

    @classmethod
    def from_role_claim(cls, principal_id: str, role_claim: str) -> "Principal":
        """The principal that a stored role claim describes, such as `staff:support`."""
        role, _, staff_role = role_claim.partition(":")
        return cls(principal_id, Role(role), staff_role=StaffRole(staff_role) if staff_role else None)

    @property
    def role_claim(self) -> str:
        """Role and staff role as one string, stored with work that is done later for this principal."""
        return f"{self.role}:{self.staff_role}" if self.staff_role else self.role.value

    @property
    def scopes(self) -> frozenset[str]:
        added = STAFF_SCOPES[self.staff_role or StaffRole.MANAGER] if self.role is Role.STAFF else frozenset()
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
            **({STAFF_ROLE_CLAIM: principal.staff_role.value} if principal.staff_role else {}),
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
            staff_role = StaffRole(claims[STAFF_ROLE_CLAIM]) if STAFF_ROLE_CLAIM in claims else None
        except ValueError as error:
            raise TokenRefused from error
        if not claims["sub"] or not claims["jti"]:
            raise TokenRefused
        return Principal(claims["sub"], role, claims["jti"], staff_role, _time(claims["exp"]))


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
        with self._ledger.new_transaction() as connection:
            connection.execute(delete(revoked_tokens).where(revoked_tokens.c.expires_at < now - CLOCK_SKEW))
            connection.execute(insert_or_ignore(revoked_tokens).values(row).on_conflict_do_nothing())
        self._read(now)

    def _read(self, now: datetime) -> None:
        current = select(revoked_tokens.c.token_id).where(revoked_tokens.c.expires_at >= now)
        with self._ledger.new_transaction() as connection:
            self._ids = frozenset(connection.execute(current).scalars())
        self._read_at = now
