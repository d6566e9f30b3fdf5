"""A raffle's list of tickets as it is made public, from the ledger; the pseudonyms' key is kept sealed."""

from collections.abc import Iterator
from secrets import token_bytes

from sqlalchemy import Connection

from commerce.raffles import draw_store
from commerce.raffles.draw.tickets import Listed, digest, holder
from commerce.raffles.draw_store import Draw
from foundation.crypto import DataKeys

KEY_BYTES = 32
CONTEXT = "raffle_draws.holder_key"


class TicketLists:
    def __init__(self, keys: DataKeys) -> None:
        self._keys = keys

    def sealed_key(self, raffle_id: str) -> str:
        """A new key for a raffle."""
        return self._keys.seal(raffle_id, token_bytes(KEY_BYTES).hex(), context=CONTEXT)

    def blocks(self, connection: Connection, draw: Draw) -> Iterator[bytes]:
        return draw_store.list_blocks(connection, draw.raffle_id, holder_key=self._key(draw))

    def listed(self, connection: Connection, draw: Draw) -> Listed:
        return digest(self.blocks(connection, draw))

    def holder(self, draw: Draw, customer_id: str) -> str:
        return holder(self._key(draw), customer_id)

    def _key(self, draw: Draw) -> bytes:
        return bytes.fromhex(self._keys.open(draw.raffle_id, draw.holder_key_sealed, context=CONTEXT))
