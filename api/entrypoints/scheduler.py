"""Scheduled jobs: resume cut-off turns, queue lost jobs again, prune what is old."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from api.containers.container import Container, build_container
from api.containers.infrastructure import Infrastructure
from api.containers.overrides import Overrides
from api.entrypoints.processes import Ready, run_until_told
from api.entrypoints.scheduled_jobs import acquire
from api.entrypoints.unfinished_turns import finish_turns
from api.jobs import FORETELL, JOBS_KEPT, REFINE, RESUME
from foundation.clock import Clock
from foundation.log import logger
from foundation.queue import NotQueued
from foundation.settings import Settings
from foundation.sql import Ledger
from memory.engine import KEPT

SWEEP = timedelta(seconds=15)
TICK = timedelta(seconds=3)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
NIGHT = time(3, 30)
OUTBOX_KEPT = timedelta(days=7)
CARTS_KEPT = timedelta(days=90)
MOST_THREADS = 50
AT_ONCE = 100
"""Customers whose vectors are settled in one sweep."""
log = logger(__name__)

Due = Callable[[datetime], datetime]
"""The latest moment, up to the one given, at which a job fell due."""


@dataclass(frozen=True)
class ScheduledJob:
    name: str
    due: Due
    do: Callable[[], int]
    """Gives how many things there were to do."""


class Scheduler:
    def __init__(self, ledger: Ledger, jobs: Sequence[ScheduledJob], *, now: Clock) -> None:
        self._ledger = ledger
        self._jobs = jobs
        self._now = now

    def sweep(self) -> dict[str, int]:
        """Do what is due; how much each job found to do."""
        return {job.name: done for job in self._jobs if (done := self._attempt(job)) is not None}

    def run(self, stop: threading.Event) -> None:
        """Sweep every few seconds until `stop` is set."""
        while not stop.is_set():
            self.sweep()
            stop.wait(TICK.total_seconds())

    def _attempt(self, job: ScheduledJob) -> int | None:
        now = self._now()
        try:
            if not acquire(self._ledger, job.name, due=job.due(now), now=now):
                return None
            done = job.do()
        except Exception:  # one job that fails must not keep the others from being done
            log.exception("scheduled_job_failed", job=job.name)
            return None
        if done:
            log.info("scheduled_job_done", job=job.name, count=done)
        return done


def every(interval: timedelta) -> Due:
    return lambda now: now - interval


def nightly(at: time, zone: ZoneInfo) -> Due:
    def due(now: datetime) -> datetime:
        tonight = now.astimezone(zone).replace(hour=at.hour, minute=at.minute, second=0, microsecond=0)
        return tonight if tonight <= now else tonight - timedelta(days=1)

    return due


def run_scheduler(settings: Settings, *, ready: Ready) -> None:
    container = build_container(settings)
    run_until_told(container, open_scheduler(container).run, ready)


def open_scheduler(container: Container) -> Scheduler:
    zone = container.infrastructure.calendar.zone
    jobs = (
        *_turn_jobs(container),
        *_payment_jobs(container, zone),
        *_shop_jobs(container, zone),
        *_customer_jobs(container, zone),
        *_storage_jobs(container.infrastructure, zone),
        *_memory_jobs(container, zone),
    )
    return Scheduler(container.infrastructure.ledger, jobs, now=container.infrastructure.clock)


def _turn_jobs(container: Container) -> list[ScheduledJob]:
    return [
        ScheduledJob("resume_turns", every(SWEEP), lambda: resume_turns(container)),
        ScheduledJob("requeue_jobs", every(SWEEP), container.infrastructure.jobs.requeue_lost),
        ScheduledJob("expire_confirmations", every(HOUR), container.conversations.confirmations.expire),
    ]


def _payment_jobs(container: Container, zone: ZoneInfo) -> list[ScheduledJob]:
    payments, inbox = container.commerce.payments.service, container.commerce.payments.inbox
    collect = container.commerce.memberships.billing.collect
    return [
        ScheduledJob("reconcile_payments", every(SWEEP), payments.reconciliation.run),
        ScheduledJob("bill_sandbox", every(SWEEP), lambda: bill_sandbox(container)),
        ScheduledJob("read_gateway_inbox", every(SWEEP), inbox.read),
        ScheduledJob("look_for_lost_charges", every(MINUTE), inbox.look_for_lost),
        ScheduledJob("look_for_lost_refunds", nightly(NIGHT, zone), inbox.look_for_undone),
        ScheduledJob("prune_gateway_inbox", nightly(NIGHT, zone), inbox.prune),
        ScheduledJob("collect_memberships", every(MINUTE), collect),
    ]


def _shop_jobs(container: Container, zone: ZoneInfo) -> list[ScheduledJob]:
    commerce, clock = container.commerce, container.infrastructure.clock
    checkout, carts, raffles = commerce.checkout.service, commerce.checkout.carts, commerce.raffles
    return [
        ScheduledJob("finish_orders", every(SWEEP), checkout.finish_pending),
        ScheduledJob("release_stock", every(SWEEP), lambda: commerce.inventory.sweep(clock())),
        ScheduledJob("prune_carts", nightly(NIGHT, zone), lambda: carts.prune(keep=CARTS_KEPT)),
        ScheduledJob("keep_raffles", every(SWEEP), raffles.draws.keep_time),
        ScheduledJob("issue_free_entries", every(SWEEP), raffles.free_entries.issue_waiting),
        ScheduledJob("refund_raffles", every(SWEEP), raffles.admin.refund_some),
        ScheduledJob("suggest_reorders", nightly(NIGHT, zone), commerce.demand.compute),
        ScheduledJob("prune_fraud_attempts", nightly(NIGHT, zone), lambda: prune_attempts(container)),
    ]


def _customer_jobs(container: Container, zone: ZoneInfo) -> list[ScheduledJob]:
    age, notices = container.commerce.age, container.commerce.notices.service
    access = container.commerce.customers.access
    return [
        ScheduledJob("send_notices", every(SWEEP), notices.send_due),
        ScheduledJob("prune_notices", nightly(NIGHT, zone), notices.prune),
        ScheduledJob("tell_age_renewals", every(HOUR), age.renewals.remind),
        ScheduledJob("prune_age_tries", nightly(NIGHT, zone), age.service.prune),
        ScheduledJob("prune_access", nightly(NIGHT, zone), access.prune),
    ]


def _storage_jobs(infrastructure: Infrastructure, zone: ZoneInfo) -> list[ScheduledJob]:
    jobs, outbox, warehouse = infrastructure.jobs, infrastructure.outbox, infrastructure.warehouse
    return [
        ScheduledJob("prune_jobs", every(HOUR), lambda: jobs.prune(keep=JOBS_KEPT)),
        ScheduledJob("prune_idempotency_keys", every(HOUR), infrastructure.idempotency.prune),
        ScheduledJob("rewrap_data_keys", nightly(NIGHT, zone), infrastructure.keys.data.rotate),
        ScheduledJob("prune_outbox", nightly(NIGHT, zone), lambda: outbox.prune(keep=OUTBOX_KEPT)),
        ScheduledJob("maintain_warehouse", nightly(NIGHT, zone), lambda: sum(warehouse.maintain().values())),
    ]


def _memory_jobs(container: Container, zone: ZoneInfo) -> list[ScheduledJob]:
    """The purge comes last: it searches the files that the jobs before it wrote anew."""
    erasure = container.memory.erasure.service
    return [
        ScheduledJob("forget_customers", every(SWEEP), erasure.sweep),
        ScheduledJob("expire_memories", nightly(NIGHT, zone), lambda: expire(container)),
        ScheduledJob("foretell", nightly(NIGHT, zone), lambda: foretell(container)),
        ScheduledJob("refine_facts", every(SWEEP), lambda: refine_facts(container)),
        *index_jobs(container, zone),
        ScheduledJob("purge_erasures", nightly(NIGHT, zone), erasure.purge),
    ]


def index_jobs(container: Container, zone: ZoneInfo) -> list[ScheduledJob]:
    """What keeps the index of past turns up with the ledger."""
    index, remote = container.memory.index, container.memory.index.pinecone
    if remote is None:
        return [ScheduledJob("index_memories", every(timedelta(minutes=5)), index.indexer.run)]
    return [
        ScheduledJob("settle_vectors", every(MINUTE), lambda: remote.settle_all(customers=AT_ONCE)),
        ScheduledJob("repair_vectors", every(HOUR), remote.repair_all),
        ScheduledJob("drop_index_files", nightly(NIGHT, zone), lambda: index.files.retain(())),
    ]


def prune_attempts(container: Container) -> int:
    return container.commerce.fraud.prune(
        keep=timedelta(days=container.infrastructure.settings.fraud.attempts_kept_days)
    )


def expire(container: Container) -> int:
    moment = container.infrastructure.clock() - KEPT
    return container.memory.engine.expire() + container.memory.predictions.nightly.drop_before(moment)


def foretell(container: Container) -> int:
    """By the worker, which tells how far it has come."""
    today = container.infrastructure.calendar.today().isoformat()
    container.infrastructure.jobs.submit(FORETELL, {"day": today}, idempotency_key=f"{FORETELL}:{today}")
    return 1


def refine_facts(container: Container) -> int:
    """By the worker, with Claude."""
    if not container.infrastructure.settings.models.extracts_facts:
        return 0

    def submit(interaction_id: str, customer_id: str) -> None:
        payload = {"interaction_id": interaction_id, "principal_id": customer_id}
        container.infrastructure.jobs.submit(REFINE, payload, idempotency_key=f"{REFINE}:{interaction_id}")

    return container.conversations.fact_extraction.submit_waiting(submit)


def bill_sandbox(container: Container) -> int:
    """A real gateway knows the time by itself."""
    return (
        container.commerce.payments.gateway.sandbox.plans.bill_due(container.infrastructure.clock())
        if container.commerce.payments.gateway.sandbox
        else 0
    )


def resume_turns(container: Container) -> int:
    """Give turns that were cut off to the worker; without a queue they are finished here."""
    threads = container.conversations.turns.lapsed(limit=MOST_THREADS)
    minute = int(container.infrastructure.clock().timestamp()) // 60
    try:
        for thread_id in threads:
            container.infrastructure.jobs.submit(
                RESUME, {"thread_id": thread_id}, idempotency_key=f"{RESUME}:{thread_id}:{minute}"
            )
    except NotQueued:
        _finish_here(container, threads)
    return len(threads)


def _finish_here(container: Container, thread_ids: Sequence[str]) -> None:
    """In a container of its own: what speaks over an event loop cannot outlive it."""
    overrides = Overrides(clock=container.infrastructure.clock, artifacts=container.memory.artifacts)
    own = build_container(container.infrastructure.settings, overrides)
    try:
        asyncio.run(finish_turns(own, thread_ids))
    finally:
        own.close()
