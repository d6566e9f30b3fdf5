"""The public side of a draw: seed digest, commitment, the bundle to verify it with, and the winners."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from commerce.raffles import draw_store, store
from commerce.raffles.draw.bundle import Commitment, Outcome, Randomness, Win, written
from commerce.raffles.draw_store import Draw
from commerce.raffles.lists import TicketLists
from commerce.raffles.models import Raffle
from foundation.crypto import DataKeys
from foundation.sql import Ledger


@dataclass(frozen=True)
class Result:
    """Who won, by ticket number: the winner first."""

    raffle: Raffle
    numbers: Sequence[int]
    randomness: Randomness
    drawn_at: datetime
    published_at: datetime | None


@dataclass(frozen=True)
class DrawProgress:
    """How far a draw has come: the seed digest at opening, the commitment at closing, the result."""

    seed_sha256: str | None
    commitment: Commitment | None
    result: Result | None


class DrawProofs:
    def __init__(self, ledger: Ledger, keys: DataKeys, *, beacon_decides: bool) -> None:
        self._ledger = ledger
        self.beacon_decides = beacon_decides
        self._lists = TicketLists(keys)

    def progress(self, raffle_id: str) -> DrawProgress:
        with self._ledger.transaction() as connection:
            draw = draw_store.find(connection, raffle_id)
            if draw is None:
                return DrawProgress(None, None, None)
            return DrawProgress(draw.promise.seed_sha256, draw.commitment, _result(connection, draw))

    def bundle(self, raffle_id: str) -> bytes:
        """As JSON: every ticket from closing on, the winners once they are published."""
        with self._ledger.transaction() as connection:
            store.known(connection, raffle_id)
            draw = draw_store.known(connection, raffle_id)
            outcome = self._outcome(connection, draw)
            return b"".join(written(draw.committed, outcome, self._lists.blocks(connection, draw)))

    def results(self, *, limit: int = 10) -> list[Result]:
        """Those published, the latest first."""
        with self._ledger.transaction() as connection:
            draws = draw_store.published(connection, limit=limit)
            found = [_result(connection, draw) for draw in draws]
        return [result for result in found if result]

    def holder(self, customer_id: str, *, raffle_id: str) -> str | None:
        """The customer's pseudonym in the raffle's public list."""
        with self._ledger.transaction() as connection:
            draw = draw_store.find(connection, raffle_id)
        return self._lists.holder(draw, customer_id) if draw else None

    def _outcome(self, connection: Connection, draw: Draw) -> Outcome | None:
        if draw.published_at is None or draw.randomness is None:
            return None
        tickets = store.tickets_numbered(connection, draw.raffle_id, draw.winning_numbers)
        winner, *others = [
            Win(ticket=ticket.number, holder=self._lists.holder(draw, ticket.customer_id))
            for ticket in tickets
        ]
        return Outcome(randomness=draw.randomness, winner=winner, runners_up=tuple(others))


def _result(connection: Connection, draw: Draw) -> Result | None:
    if draw.randomness is None or draw.drawn_at is None:
        return None
    raffle = store.known(connection, draw.raffle_id)
    return Result(raffle, draw.winning_numbers, draw.randomness, draw.drawn_at, draw.published_at)
