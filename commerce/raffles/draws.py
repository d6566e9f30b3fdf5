"""Close a raffle, draw it and publish it, so that a stranger can check each step.

At opening the digest of a secret seed is made known. At closing, in one transaction, so is the
hash of the canonical list of tickets, the algorithm, and a round of a public beacon that is
still to come. The winners follow from the list and that round alone. Should the beacon be out of reach
for a day after its round, the promised seed decides, and the bundle says so.
"""

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta
from secrets import token_bytes

from sqlalchemy import Connection

from commerce.raffles import draw_store, store
from commerce.raffles.draw.algorithms import winners
from commerce.raffles.draw.beacon import randomness_of
from commerce.raffles.draw.bundle import Commitment, Promise, Randomness, Round, Terms, commit
from commerce.raffles.draw_store import Draw
from commerce.raffles.events import RaffleRow
from commerce.raffles.facts import congratulate, raffle_row, ticket_row
from commerce.raffles.lists import TicketLists
from commerce.raffles.models import Move, Raffle, RaffleStatus, Ticket, is_done
from commerce.raffles.ports import BeaconSilent, RandomBeacon
from foundation.clock import Clock
from foundation.crypto import DataKeys
from foundation.errors import Conflict, ShopError, Unavailable
from foundation.log import logger
from foundation.outbox import Outbox
from foundation.resilience import one_by_one
from foundation.sql import Ledger

KEY_BYTES = 32
BEFORE_PUBLISHING = timedelta(hours=1)
"""For staff to look at a result; then it is published without them."""
SEED = "raffle_draws.seed"
log = logger(__name__)


class TooEarly(Conflict):
    def __init__(self, raffle: Raffle, at: datetime) -> None:
        super().__init__(
            f"{raffle.title} is drawn with a public random number that is published at {at:%H:%M:%S} UTC.",
            {"draw_from": at.isoformat()},
        )


class BeaconAway(Unavailable):
    def __init__(self) -> None:
        super().__init__(
            "The public random number is not available right now. The draw is retried automatically."
        )


class ListChanged(Conflict):
    """The tickets in the ledger are not those that were hashed at closing: for an engineer to look at."""

    def __init__(self, raffle: Raffle) -> None:
        super().__init__(f"The tickets of {raffle.title} have changed since it closed, so it is not drawn.")


class RaffleDraws:
    def __init__(
        self, ledger: Ledger, outbox: Outbox, keys: DataKeys, beacon: RandomBeacon | None, *, now: Clock
    ) -> None:
        """Without a beacon the promised seed decides every draw."""
        self._ledger = ledger
        self._outbox = outbox
        self._keys = keys
        self._lists = TicketLists(keys)
        self._beacon = beacon
        self._now = now

    def promise(self, raffle_id: str) -> Promise:
        """Draw the raffle's seed, if it has none, and keep it sealed; its digest is public from now on."""
        with self._ledger.transaction() as connection:
            store.known(connection, raffle_id)
            draw = draw_store.find(connection, raffle_id)
        return draw.promise if draw else self._promise(raffle_id)

    def close(self, raffle_id: str) -> Raffle:
        """No more tickets, and the commitment made known; without a ticket the raffle is over."""
        # Before the row is locked: a new key takes a connection, and buyers waiting for the row may hold all.
        promise = self.promise(raffle_id)
        with self._ledger.transaction() as connection:
            raffle = store.locked(connection, raffle_id)
            if is_done(raffle, Move.CLOSE):
                return raffle
            if not raffle.sold:
                return self._move(connection, raffle, RaffleStatus.CANCELLED)
            listed = self._lists.listed(connection, draw_store.known(connection, raffle_id))
            commitment = commit(
                _terms(raffle),
                listed,
                promise,
                closed_at=self._now(),
                chain=self._beacon.chain if self._beacon else None,
            )
            draw_store.commit(connection, commitment)
            return self._move(connection, raffle, RaffleStatus.CLOSED)

    def draw(self, raffle_id: str) -> Raffle:
        """Winner and runners-up; drawn again, or by two at once, the result is the same one."""
        with self._ledger.transaction() as connection:
            raffle = store.known(connection, raffle_id)
            if is_done(raffle, Move.DRAW):
                return raffle
            draw = draw_store.known(connection, raffle_id)
            commitment = draw.committed
        randomness = self._randomness(raffle, draw, commitment)
        with self._ledger.transaction() as connection:
            raffle = store.locked(connection, raffle_id)
            if is_done(raffle, Move.DRAW):
                return raffle
            if self._lists.listed(connection, draw) != commitment.listed:
                log.error("raffle_list_changed", raffle_id=raffle_id)
                raise ListChanged(raffle)
            numbers = _winning(commitment, randomness)
            draw_store.record(connection, raffle_id, randomness, numbers, at=self._now())
            return self._move(connection, raffle, RaffleStatus.DRAWN)

    def publish(self, raffle_id: str) -> Raffle:
        """Make the result known: to everybody in the bundle, to those who won by a notice."""
        with self._ledger.transaction() as connection:
            raffle = store.locked(connection, raffle_id)
            if is_done(raffle, Move.PUBLISH):
                return raffle
            draw = draw_store.known(connection, raffle_id)
            won = store.tickets_numbered(connection, raffle_id, draw.winning_numbers)
            draw_store.publish(connection, raffle_id, at=self._now())
            row = ticket_row(won[0], at=self._now(), is_winner=True)
            self._outbox.publish(row, customer_id=won[0].customer_id)
            for place, ticket in enumerate(won):
                congratulate(self._outbox, raffle, ticket, place=place)
            return self._move(connection, raffle, RaffleStatus.PUBLISHED, draw=draw, winner=won[0])

    def keep_time(self) -> int:
        """Promise, close, draw and publish what is due; how many raffles were moved. What fails waits."""
        now = self._now()
        with self._ledger.transaction() as connection:
            unpromised = draw_store.without_promise(connection)
            due = draw_store.due(connection, now=now, drawn_before=now - BEFORE_PUBLISHING)
        promised = one_by_one(self.promise, unpromised, failed="raffle_not_promised")
        return promised + one_by_one(self._move_on, due.items(), failed="raffle_not_moved_on")

    def _promise(self, raffle_id: str) -> Promise:
        seed = token_bytes(KEY_BYTES)
        row = {
            "raffle_id": raffle_id,
            "seed_sha256": hashlib.sha256(seed).hexdigest(),
            "seed_sealed": self._keys.seal(raffle_id, seed.hex(), context=SEED),
            "holder_key_sealed": self._lists.sealed_key(raffle_id),
            "promised_at": self._now(),
        }
        with self._ledger.transaction() as connection:
            draw_store.promise(connection, row)
            return draw_store.known(connection, raffle_id).promise

    def _move_on(self, due: tuple[str, RaffleStatus]) -> bool:
        raffle_id, status = due
        move = {
            RaffleStatus.OPEN: self.close,
            RaffleStatus.CLOSED: self.draw,
            RaffleStatus.DRAWN: self.publish,
        }
        try:
            move[status](raffle_id)
        except ShopError as refusal:
            log.info("raffle_waits", raffle_id=raffle_id, status=status, refusal=type(refusal).__name__)
            return False
        return True

    def _randomness(self, raffle: Raffle, draw: Draw, commitment: Commitment) -> Randomness:
        now = self._now()
        if now < commitment.draw_from:
            raise TooEarly(raffle, commitment.draw_from)
        seed = self._keys.open(draw.raffle_id, draw.seed_sealed, context=SEED)
        by_seed = Randomness(source="seed", value=seed, signature=None, seed=seed)
        if commitment.round is None:
            return by_seed
        try:
            signature = self._signature(commitment.round)
        except BeaconSilent as silence:
            if now < commitment.seed_decides_at:
                raise BeaconAway from silence
            return by_seed
        return Randomness(source="drand", value=randomness_of(signature), signature=signature, seed=seed)

    def _signature(self, named: Round) -> str:
        beacon = self._beacon
        if beacon is None or beacon.chain.hash != named.chain_hash:
            raise BeaconSilent
        signature = beacon.signature(named.number)
        if not beacon.chain.has_signed(named.number, signature):
            raise BeaconSilent
        return signature

    def _move(
        self,
        connection: Connection,
        raffle: Raffle,
        status: RaffleStatus,
        *,
        draw: Draw | None = None,
        winner: Ticket | None = None,
    ) -> Raffle:
        moved = store.change(connection, raffle, status=status)
        created_at = store.created_at(connection, raffle.id)
        row = raffle_row(moved, created_at=created_at, at=self._now())
        self._outbox.publish(_drawn(row, draw, winner) if draw and winner else row)
        return moved


def _terms(raffle: Raffle) -> Terms:
    return Terms(
        raffle_id=raffle.id,
        title=raffle.title,
        prize=raffle.prize,
        algorithm=raffle.algorithm,
        runners_up=raffle.runners_up,
    )


def _winning(commitment: Commitment, randomness: Randomness) -> list[int]:
    return winners(
        commitment.algorithm,
        list_sha256=commitment.list_sha256,
        randomness=randomness.value,
        tickets=commitment.tickets,
        places=commitment.places,
    )


def _drawn(row: RaffleRow, draw: Draw, winner: Ticket) -> RaffleRow:
    return replace(
        row,
        winner_id=winner.customer_id,
        winner_ticket_number=winner.number,
        seed_digest=draw.promise.seed_sha256,
        draw_seed=draw.randomness.value if draw.randomness else None,
        list_sha256=draw.committed.list_sha256,
        beacon_round=draw.committed.round.number if draw.committed.round else None,
        drawn_at=draw.drawn_at,
    )
