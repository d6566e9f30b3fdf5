"""Sealing of personal data: a key ring, under it one data key per customer, and keyed digests for lookups.

Erasing a customer destroys their data key, which makes every copy of what it sealed unreadable:
in the outbox, in the warehouse and in backups.
"""

import hashlib
import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_bytes
from threading import Lock

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Column, DateTime, Table, Text, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_ignore

from foundation.clock import Clock, system_clock
from foundation.errors import NotFound
from foundation.personal import Kept, personal
from foundation.settings import MisconfiguredError, Settings
from foundation.sql import Ledger, metadata

KEY_BYTES = 32
NONCE_BYTES = 12
KEY_ID = re.compile(r"[A-Za-z0-9_-]+")

data_keys = Table(
    "data_keys",
    metadata,
    Column("customer_id", Text, primary_key=True),
    Column("wrapped", Text, comment="sealed by the key ring; empty once shredded"),
    Column("key_id", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("shredded_at", DateTime(timezone=True)),
    info=personal(
        "customer_id",
        kept=Kept("the mark that the key is gone, so that no new one is drawn"),
        withheld=("wrapped", "key_id"),
    ),
)


class SealBroken(Exception):
    """The sealed text was altered, moved to another place, or sealed under a key this ring lacks."""

    def __init__(self, context: str) -> None:
        super().__init__(f"what was sealed for {context} does not open")


class KeyShredded(NotFound):
    def __init__(self) -> None:
        super().__init__("The personal data of this customer has been erased.")


def parse_keys(text: str, *, setting: str) -> dict[str, bytes]:
    """The keys of `kid:hex[,kid:hex…]`, in order.

    Raises:
        MisconfiguredError: when one has no id, repeats an id, or is shorter than 32 bytes.
    """
    keys: dict[str, bytes] = {}
    for part in text.split(","):
        key_id, _, digits = part.strip().partition(":")
        key = _from_hex(digits)
        if not KEY_ID.fullmatch(key_id) or key_id in keys or key is None or len(key) < KEY_BYTES:
            raise MisconfiguredError(
                f"{setting} is not usable: write kid:hex[,kid:hex…], each id once, 64 hex digits or more."
            )
        keys[key_id] = key
    return keys


def _from_hex(digits: str) -> bytes | None:
    try:
        return bytes.fromhex(digits)
    except ValueError:
        return None


class KeyRing:
    """The first key seals; every key opens what names it."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self.current = next(iter(keys))

    @classmethod
    def from_settings(cls, text: str) -> "KeyRing":
        keys = parse_keys(text, setting="ENCRYPTION_KEYS")
        if any(len(key) != KEY_BYTES for key in keys.values()):
            raise MisconfiguredError("ENCRYPTION_KEYS is not usable: each key has exactly 64 hex digits.")
        return cls(keys)

    def seal(self, plain: bytes, *, context: str) -> str:
        """Sealed text that names its key. `context` says where it belongs, such as `table.column.row`."""
        return f"{self.current}.{_encrypt(self._ciphers[self.current], plain, context)}"

    def open(self, sealed: str, *, context: str) -> bytes:
        """What was sealed with the same context.

        Raises:
            SealBroken: when it is not.
        """
        key_id, _, body = sealed.partition(".")
        if key_id not in self._ciphers:
            raise SealBroken(context)
        return _decrypt(self._ciphers[key_id], body, context)


class DataKeys:
    """A data key per customer, drawn at first use and wrapped by the ring.

    An open key serves this process for 20 seconds, then its row is read again:
    for that long another process can still open what was shredded.
    """

    def __init__(
        self, ledger: Ledger, ring: KeyRing, *, now: Clock = system_clock, held: int = 10_000
    ) -> None:
        self._ledger = ledger
        self._ring = ring
        self._now = now
        self._open_keys = _OpenKeys(held)

    def seal(self, customer_id: str, text: str, *, context: str) -> str:
        return _encrypt(self._cipher(customer_id, draw=True), text.encode(), context)

    def open(self, customer_id: str, sealed: str, *, context: str) -> str:
        """What was sealed for this customer with the same context.

        Raises:
            KeyShredded: when the customer has been erased.
            SealBroken: when it was sealed for another customer or place.
        """
        return _decrypt(self._cipher(customer_id, draw=False, context=context), sealed, context).decode()

    def shred(self, customer_id: str) -> None:
        """Destroy the customer's key for good, and keep a mark so that no new one is drawn.

        A key named `customer/part` is for a part of what is kept, and goes with the customer's.
        """
        mark = {"wrapped": None, "key_id": None, "shredded_at": self._now()}
        parts = data_keys.c.customer_id.startswith(f"{customer_id}/", autoescape=True)
        with self._ledger.transaction() as connection:
            connection.execute(
                insert_or_ignore(data_keys)
                .values(customer_id=customer_id, created_at=self._now(), **mark)
                .on_conflict_do_update(index_elements=[data_keys.c.customer_id], set_=mark)
            )
            connection.execute(update(data_keys).where(parts).values(mark))
        self._open_keys.drop(customer_id)

    def rotate(self, *, batch: int = 500) -> int:
        """Wrap the data keys that are still under an older key anew; how many there were."""
        total = 0
        while count := self._rotate_some(batch):
            total += count
        return total

    def _rotate_some(self, batch: int) -> int:
        older = (
            select(data_keys.c.customer_id, data_keys.c.wrapped)
            .where(data_keys.c.wrapped.is_not(None), data_keys.c.key_id != self._ring.current)
            .limit(batch)
            .with_for_update()
        )
        with self._ledger.new_transaction() as connection:
            rows = connection.execute(older).all()
            for customer_id, wrapped in rows:
                key = self._ring.open(wrapped, context=_place(customer_id))
                connection.execute(
                    update(data_keys)
                    .where(data_keys.c.customer_id == customer_id)
                    .values(
                        wrapped=self._ring.seal(key, context=_place(customer_id)), key_id=self._ring.current
                    )
                )
        return len(rows)

    def _cipher(self, customer_id: str, *, draw: bool, context: str = "") -> AESGCM:
        held = self._open_keys.find(customer_id, self._now())
        if held is not None:
            return held
        read_at = self._now()
        wrapped = self._read(customer_id)
        if wrapped is None and not draw:
            raise SealBroken(context)
        cipher = AESGCM(self._ring.open(wrapped or self._draw(customer_id), context=_place(customer_id)))
        self._open_keys.keep(customer_id, cipher, read_at)
        return cipher

    def _read(self, customer_id: str) -> str | None:
        wanted = select(data_keys.c.wrapped).where(data_keys.c.customer_id == customer_id)
        with self._ledger.transaction() as connection:
            row = connection.execute(wanted).first()
        if row is not None and row.wrapped is None:
            raise KeyShredded
        return row.wrapped if row is not None else None

    def _draw(self, customer_id: str) -> str:
        """A new wrapped key, or the one that another process has drawn meanwhile.

        Committed on its own: were it to vanish with the caller's transaction, what
        this process seals with the key it holds could never be opened.
        """
        fresh = self._ring.seal(token_bytes(KEY_BYTES), context=_place(customer_id))
        row = {
            "customer_id": customer_id,
            "wrapped": fresh,
            "key_id": self._ring.current,
            "created_at": self._now(),
        }
        with self._ledger.new_transaction() as connection:
            connection.execute(insert_or_ignore(data_keys).values(row).on_conflict_do_nothing())
            kept = connection.execute(
                select(data_keys.c.wrapped).where(data_keys.c.customer_id == customer_id)
            ).scalar_one()
        if kept is None:
            raise KeyShredded
        return str(kept)


class LookupDigest:
    """Finds a value again without storing it: HMAC-SHA256 under a key that the database does not know."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    def from_settings(cls, digits: str) -> "LookupDigest":
        key = _from_hex(digits)
        if key is None or len(key) < KEY_BYTES:
            raise MisconfiguredError("LOOKUP_KEY is not usable: write at least 64 hex digits.")
        return cls(key)

    def digest(self, purpose: str, value: str) -> str:
        """The same for the same purpose and value; another purpose gives no way to compare."""
        purpose_key = hmac.digest(self._key, purpose.encode(), hashlib.sha256)
        return hmac.digest(purpose_key, value.encode(), hashlib.sha256).hex()


def check_keys(settings: Settings) -> None:
    """Make sure that every key of the settings is usable.

    Raises:
        MisconfiguredError: naming the first that is not.
    """
    parse_keys(settings.auth.keys.get_secret_value(), setting="JWT_KEYS")
    KeyRing.from_settings(settings.crypto.keys.get_secret_value())
    LookupDigest.from_settings(settings.crypto.lookup_key.get_secret_value())


@dataclass(frozen=True)
class _OpenKey:
    cipher: AESGCM
    read_at: datetime


class _OpenKeys:
    """The data keys open in this process: the most recently used, each for a short while."""

    lifetime = timedelta(seconds=20)

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._keys: OrderedDict[str, _OpenKey] = OrderedDict()
        self._lock = Lock()

    def find(self, customer_id: str, now: datetime) -> AESGCM | None:
        with self._lock:
            held = self._keys.get(customer_id)
            if held is None or not timedelta(0) <= now - held.read_at < self.lifetime:
                return None
            self._keys.move_to_end(customer_id)
            return held.cipher

    def keep(self, customer_id: str, cipher: AESGCM, read_at: datetime) -> None:
        with self._lock:
            self._keys[customer_id] = _OpenKey(cipher, read_at)
            self._keys.move_to_end(customer_id)
            while len(self._keys) > self._bound:
                self._keys.popitem(last=False)

    def drop(self, customer_id: str) -> None:
        with self._lock:
            for name in [each for each in self._keys if each.partition("/")[0] == customer_id]:
                del self._keys[name]
            self._keys.pop(customer_id, None)


def _place(customer_id: str) -> str:
    return f"data_keys.wrapped.{customer_id}"


def _encrypt(cipher: AESGCM, plain: bytes, context: str) -> str:
    nonce = token_bytes(NONCE_BYTES)
    return urlsafe_b64encode(nonce + cipher.encrypt(nonce, plain, context.encode())).decode()


def _decoded(body: str) -> bytes:
    """Of all texts that base64 reads as these bytes, only the one that was written counts."""
    raw = urlsafe_b64decode(body)
    if urlsafe_b64encode(raw) != body.encode():
        raise ValueError("not as it was written")
    return raw


def _decrypt(cipher: AESGCM, body: str, context: str) -> bytes:
    try:
        raw = _decoded(body)
        return cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], context.encode())
    except (InvalidTag, ValueError) as error:
        raise SealBroken(context) from error
