"""What has to happen again and again: cut-off turns taken up, lost jobs queued, old things cleared away."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from api.containers import House, build
from api.entrypoints.scheduled_jobs import take
from api.entrypoints.worker import finish_turns
from api.jobs import FORETELL, JOBS_KEPT, REFINE, RESUME
from foundation.clock import Clock
from foundation.log import logger
from foundation.queue import NotQueued
from foundation.sql import Ledger
from memory.engine import KEPT

SWEEP = timedelta(seconds=15)
TICK = timedelta(seconds=3)
NIGHT = time(3, 30)
OUTBOX_KEPT = timedelta(days=7)
CARTS_KEPT = timedelta(days=90)
MOST_THREADS = 50
AT_ONCE = 100
"""Customers whose vectors are settled in one sweep."""
log = logger(__name__)

Due = Callable[[datetime], datetime]
"""The latest moment, up to the one given, at which a chore fell due."""


@dataclass(frozen=True)
class Chore:
    name: str
    due: Due
    do: Callable[[], int]
    """Gives how many things there were to do."""


class Scheduler:
    def __init__(self, ledger: Ledger, chores: Sequence[Chore], *, now: Clock) -> None:
        self._ledger = ledger
        self._chores = chores
        self._now = now

    def sweep(self) -> dict[str, int]:
        """Do what is due; how much each chore found to do."""
        return {chore.name: done for chore in self._chores if (done := self._attempt(chore)) is not None}

    def run(self, stop: threading.Event) -> None:
        """Sweep every few seconds until `stop` is set."""
        while not stop.is_set():
            self.sweep()
            stop.wait(TICK.total_seconds())

    def _attempt(self, chore: Chore) -> int | None:
        now = self._now()
        try:
            if not take(self._ledger, chore.name, due=chore.due(now), now=now):
                return None
            done = chore.do()
        except Exception:  # one chore that fails must not keep the others from being done
            log.exception("chore_failed", chore=chore.name)
            return None
        if done:
            log.info("chore_done", chore=chore.name, count=done)
        return done


def every(interval: timedelta) -> Due:
    return lambda now: now - interval


def nightly(at: time, zone: ZoneInfo) -> Due:
    def due(now: datetime) -> datetime:
        tonight = now.astimezone(zone).replace(hour=at.hour, minute=at.minute, second=0, microsecond=0)
        return tonight if tonight <= now else tonight - timedelta(days=1)

    return due


def open_scheduler(house: House) -> Scheduler:
    zone = ZoneInfo(house.settings.shop.time_zone)
    chores = (
        Chore("resume_turns", every(SWEEP), lambda: resume_turns(house)),
        Chore("requeue_jobs", every(SWEEP), house.jobs.requeue_lost),
        Chore("reconcile_payments", every(SWEEP), house.payments.reconciliation.run),
        Chore("bill_sandbox", every(SWEEP), lambda: bill_sandbox(house)),
        Chore("read_gateway_inbox", every(SWEEP), house.gateway_inbox.read),
        Chore("look_for_lost_charges", every(timedelta(minutes=1)), house.gateway_inbox.look_for_lost),
        Chore("look_for_lost_refunds", nightly(NIGHT, zone), house.gateway_inbox.look_for_undone),
        Chore("prune_gateway_inbox", nightly(NIGHT, zone), house.gateway_inbox.prune),
        Chore("finish_orders", every(SWEEP), house.checkout.finish_pending),
        Chore("release_stock", every(SWEEP), lambda: house.inventory.sweep(house.now())),
        Chore("send_notices", every(SWEEP), house.notices.send_due),
        Chore("keep_raffles", every(SWEEP), house.raffle_draws.keep_time),
        Chore("issue_free_entries", every(SWEEP), house.free_entries.issue_waiting),
        Chore("refund_raffles", every(SWEEP), house.raffle_admin.refund_some),
        Chore("collect_memberships", every(timedelta(minutes=1)), house.membership_billing.collect),
        Chore("prune_jobs", every(timedelta(hours=1)), lambda: house.jobs.prune(keep=JOBS_KEPT)),
        Chore("prune_idempotency_keys", every(timedelta(hours=1)), house.idempotency.prune),
        Chore("expire_confirmations", every(timedelta(hours=1)), house.confirmations.expire),
        Chore("prune_carts", nightly(NIGHT, zone), lambda: house.carts.prune(keep=CARTS_KEPT)),
        Chore("tell_age_renewals", every(timedelta(hours=1)), house.renewals.remind),
        Chore("prune_age_tries", nightly(NIGHT, zone), house.ages.prune),
        Chore("prune_access", nightly(NIGHT, zone), house.access.prune),
        Chore("rewrap_data_keys", nightly(NIGHT, zone), house.data_keys.rotate),
        Chore("suggest_reorders", nightly(NIGHT, zone), house.demand.compute),
        Chore("prune_fraud_attempts", nightly(NIGHT, zone), lambda: prune_attempts(house)),
        Chore("prune_notices", nightly(NIGHT, zone), house.notices.prune),
        Chore("prune_outbox", nightly(NIGHT, zone), lambda: house.outbox.prune(keep=OUTBOX_KEPT)),
        Chore("forget_customers", every(SWEEP), house.forgetting.sweep),
        Chore("expire_memories", nightly(NIGHT, zone), lambda: expire(house)),
        Chore("foretell", nightly(NIGHT, zone), lambda: foretell(house)),
        Chore("refine_facts", every(SWEEP), lambda: refine_facts(house)),
        *index_chores(house, zone),
        Chore("maintain_warehouse", nightly(NIGHT, zone), lambda: sum(house.warehouse.maintain().values())),
        Chore("purge_erasures", nightly(NIGHT, zone), house.forgetting.purge),
    )
    return Scheduler(house.ledger, chores, now=house.now)


def index_chores(house: House, zone: ZoneInfo) -> list[Chore]:
    """What keeps the index of past turns up with the ledger."""
    remote = house.pinecone
    if remote is None:
        return [Chore("index_memories", every(timedelta(minutes=5)), house.indexer.run)]
    return [
        Chore("settle_vectors", every(timedelta(minutes=1)), lambda: remote.settle_all(customers=AT_ONCE)),
        Chore("repair_vectors", every(timedelta(hours=1)), remote.repair_all),
        Chore("drop_index_files", nightly(NIGHT, zone), lambda: house.index_files.retain(())),
    ]


def prune_attempts(house: House) -> int:
    return house.fraud.prune(keep=timedelta(days=house.settings.fraud.attempts_kept_days))


def expire(house: House) -> int:
    moment = house.now() - KEPT
    return house.memory.expire() + house.nightly_predictions.drop_before(moment)


def foretell(house: House) -> int:
    """By the worker, which tells how far it has come."""
    today = house.calendar.today().isoformat()
    house.jobs.submit(FORETELL, {"day": today}, idempotency_key=f"{FORETELL}:{today}")
    return 1


def refine_facts(house: House) -> int:
    """By the worker, with Claude."""
    if not house.settings.models.is_refining:
        return 0

    def submit(interaction_id: str, customer_id: str) -> None:
        payload = {"interaction_id": interaction_id, "principal_id": customer_id}
        house.jobs.submit(REFINE, payload, idempotency_key=f"{REFINE}:{interaction_id}")

    return house.fact_extraction.submit_waiting(submit)


def bill_sandbox(house: House) -> int:
    """A real gateway knows the time by itself."""
    return house.sandbox.plans.bill_due(house.now()) if house.sandbox else 0


def resume_turns(house: House) -> int:
    """Give turns that were cut off to the worker; without a queue they are finished here."""
    threads = house.turns.store.lapsed(limit=MOST_THREADS)
    minute = int(house.now().timestamp()) // 60
    try:
        for thread_id in threads:
            house.jobs.submit(
                RESUME, {"thread_id": thread_id}, idempotency_key=f"{RESUME}:{thread_id}:{minute}"
            )
    except NotQueued:
        _finish_here(house, threads)
    return len(threads)


def _finish_here(house: House, thread_ids: Sequence[str]) -> None:
    """In a house of its own: what speaks over an event loop cannot outlive it."""
    own = build(house.settings, clock=house.now, brain=house.brain)
    try:
        asyncio.run(finish_turns(own, thread_ids))
    finally:
        own.close()
