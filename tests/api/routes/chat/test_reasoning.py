import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from redis.backoff import ConstantBackoff
from redis.retry import Retry
from sqlalchemy import func, select
from starlette.testclient import TestClient

from agent.turns.models import Inbound, LeasedTurn
from agent.turns.store import TurnStore
from agent.turns.tables import messages, turns
from api.containers.container import Container, build_container
from api.containers.overrides import Overrides
from api.entrypoints.scheduler import Scheduler, open_scheduler, resume_turns
from api.entrypoints.worker import handlers
from api.jobs import ReasoningJob
from foundation.auth import Principal, Role, StaffRole
from foundation.queue import JOBS, Job, WorkerContext
from foundation.settings import Settings
from tests.api.conftest import ANA, Headers, artifacts
from tests.fakes import FakeClock

PROMPT = "what do you recommend for sleep under $40?"
PATH = "/api/reasoning/jobs"
ROOT = Path(__file__).parents[4]

pytestmark = pytest.mark.slow


class NotYet(Exception):
    """What a test waits for has not come about."""


OFTEN = Retry(ConstantBackoff(0.05), retries=1200, supported_errors=(NotYet,))


class Hourglass(TurnStore):
    """Time passes whenever a thread is found taken."""

    def acquire(self, thread_id: str) -> LeasedTurn | None:
        turn = super().acquire(thread_id)
        if turn is None:
            clock = self._now
            assert isinstance(clock, FakeClock)
            clock.advance(timedelta(minutes=1))
        return turn


def ask(client: TestClient, headers: Headers, prompt: str = PROMPT, **more: Any) -> str:  # noqa: ANN401 - JSON
    answer = client.post(PATH, json={"prompt": prompt, **more}, headers=headers)
    assert answer.status_code == 202, answer.text
    job_id: str = answer.json()["data"]["id"]
    return job_id


def state(client: TestClient, headers: Headers, job_id: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"{PATH}/{job_id}", headers=headers).json()["data"]
    return found


def work(container: Container, job_id: str) -> None:
    """What the worker process does."""
    WorkerContext(container.infrastructure.jobs, handlers(container)).perform(job_id)


def rows_of(container: Container, table: Any) -> int:  # noqa: ANN401 - a table
    with container.infrastructure.ledger.transaction() as tx:
        return tx.scalar(select(func.count()).select_from(table)) or 0


def test_question_is_answered_by_the_worker(client: TestClient, ana: Headers, container: Container) -> None:
    job_id = ask(client, ana)
    assert state(client, ana, job_id)["status"] == "queued"

    work(container, job_id)

    found = state(client, ana, job_id)
    assert found["status"] == "finished"
    assert "Night Owl Gummies" in found["result"]["text"]
    assert found["error"] is None


def test_job_that_runs_again_answers_once(client: TestClient, ana: Headers, container: Container) -> None:
    job_id = ask(client, ana)
    job = container.infrastructure.jobs.find(job_id)
    assert job is not None

    answers = [handlers(container)["reason"](job, lambda _: None) for _ in range(2)]

    assert answers[0] == answers[1]
    assert rows_of(container, turns) == rows_of(container, messages) == 1


def test_job_queued_by_an_earlier_version_is_answered(container: Container) -> None:
    payload = {"principal_id": "stf_sam", "role": "staff:support", "prompt": PROMPT, "thread_id": None}
    job = container.infrastructure.jobs.submit("reason", payload)

    work(container, job.id)

    done = container.infrastructure.jobs.find(job.id)
    assert done is not None
    assert done.result is not None
    assert "Night Owl Gummies" in done.result["text"]
    with container.infrastructure.ledger.transaction() as tx:
        assert tx.scalar(select(turns.c.role)) == "staff:support"


def test_payload_of_a_job_is_that_of_earlier_versions() -> None:
    sam = Principal("stf_sam", Role.STAFF, staff_role=StaffRole.SUPPORT)
    payload = {"principal_id": "stf_sam", "role": "staff:support", "prompt": PROMPT, "thread_id": "thr_1"}

    assert ReasoningJob(sam, PROMPT, "thr_1").to_payload() == payload
    assert ReasoningJob.from_payload(payload) == ReasoningJob(sam, PROMPT, "thr_1")


def test_same_key_asks_once(client: TestClient, ana: Headers, container: Container) -> None:
    keyed = {**ana, "Idempotency-Key": "question-1"}

    assert ask(client, keyed) == ask(client, keyed)
    assert rows_of(container, JOBS) == 1


def test_same_key_with_another_question_is_a_conflict(client: TestClient, ana: Headers) -> None:
    keyed = {**ana, "Idempotency-Key": "question-1"}
    ask(client, keyed)

    answer = client.post(PATH, json={"prompt": "something else"}, headers=keyed)

    assert answer.status_code == 409
    assert answer.json()["code"] == "CONFLICT"


def test_result_is_its_owners_alone(
    client: TestClient, ana: Headers, ben: Headers, container: Container
) -> None:
    job_id = ask(client, ana)
    work(container, job_id)

    answer = client.get(f"{PATH}/{job_id}", headers=ben)

    assert answer.status_code == 404


def test_job_of_another_kind_is_not_shown(client: TestClient, ana: Headers, container: Container) -> None:
    job = container.infrastructure.jobs.submit("resume", {"thread_id": "thr_one"})

    assert client.get(f"{PATH}/{job.id}", headers=ana).status_code == 404


def test_result_is_kept_for_a_day(
    client: TestClient,
    ana: Headers,
    container: Container,
    clock: FakeClock,
    sign_in: Any,  # noqa: ANN401 - a fixture
) -> None:
    job_id = ask(client, ana)
    work(container, job_id)

    clock.advance(timedelta(hours=24, seconds=1))

    assert client.get(f"{PATH}/{job_id}", headers=sign_in(ANA)).status_code == 404


def test_anothers_thread_cannot_be_asked_in(client: TestClient, ana: Headers, ben: Headers) -> None:
    thread_id = client.post("/api/chat", json={"message": "hi"}, headers=ana).json()["data"]["threadId"]

    answer = client.post(PATH, json={"prompt": PROMPT, "threadId": thread_id}, headers=ben)

    assert answer.status_code == 404


def test_card_number_in_a_question_is_masked_before_it_is_stored(
    client: TestClient, ana: Headers, container: Container
) -> None:
    ask(client, ana, "charge 4111 1111 1111 1111 please")

    with container.infrastructure.ledger.transaction() as tx:
        stored = str(tx.scalars(select(JOBS.c.payload)).one())
    assert "4111" not in stored


@pytest.mark.parametrize("prompt", ["", "  ", "x" * 4_001])
def test_question_that_is_none_is_refused_by_name(client: TestClient, ana: Headers, prompt: str) -> None:
    answer = client.post(PATH, json={"prompt": prompt}, headers=ana)

    assert answer.status_code == 400
    assert answer.json()["details"][0]["field"] == "prompt"


def test_cut_off_turn_is_given_to_the_worker_and_answered(
    client: TestClient, ana: Headers, container: Container, clock: FakeClock
) -> None:
    thread_id = _cut_off(container, clock)

    assert resume_turns(container) == 1
    with container.infrastructure.ledger.transaction() as tx:
        job_id = tx.scalars(select(JOBS.c.id)).one()
    work(container, job_id)

    thread = client.get(f"/api/chat/threads/{thread_id}", headers=ana).json()["data"]
    assert [message["role"] for message in thread["messages"]] == ["customer", "assistant"]


def test_job_takes_over_its_turn_from_a_process_that_died(
    client: TestClient, ana: Headers, container: Container, clock: FakeClock
) -> None:
    job_id = ask(client, ana)
    message = ReasoningJob.from_payload(_job(container, job_id).payload).message(job_id)
    container.agent().turns.store.acquire(container.agent().turns.store.accept(message).thread_id)
    container.agent().turns.store = Hourglass(
        container.infrastructure.ledger, now=clock, lease=timedelta(seconds=30)
    )

    work(container, job_id)

    assert state(client, ana, job_id)["status"] == "finished"


def test_lost_job_is_queued_again_by_the_scheduler(
    client: TestClient, ana: Headers, container: Container, clock: FakeClock
) -> None:
    job_id = ask(client, ana)
    scheduler = open_scheduler(container)
    scheduler.sweep()
    container.infrastructure.cache.flushall()
    clock.advance(timedelta(minutes=2))

    swept = scheduler.sweep()

    assert swept["requeue_jobs"] == 1
    assert container.infrastructure.cache.exists(f"rq:job:{job_id}")


def test_every_scheduled_job_can_run(container: Container, clock: FakeClock) -> None:
    scheduler: Scheduler = open_scheduler(container)
    container.infrastructure.warehouse.ensure()
    scheduler.sweep()
    clock.advance(timedelta(hours=30))

    swept = scheduler.sweep()

    assert {*swept} == {
        "resume_turns",
        "requeue_jobs",
        "reconcile_payments",
        "bill_sandbox",
        "read_gateway_inbox",
        "look_for_lost_charges",
        "look_for_lost_refunds",
        "prune_gateway_inbox",
        "finish_orders",
        "release_stock",
        "send_notices",
        "keep_raffles",
        "issue_free_entries",
        "refund_raffles",
        "collect_memberships",
        "prune_jobs",
        "prune_idempotency_keys",
        "expire_confirmations",
        "prune_carts",
        "tell_age_renewals",
        "prune_age_tries",
        "prune_access",
        "rewrap_data_keys",
        "suggest_reorders",
        "prune_fraud_attempts",
        "prune_notices",
        "prune_outbox",
        "forget_customers",
        "expire_memories",
        "foretell",
        "index_memories",
        "refine_facts",
        "maintain_warehouse",
        "purge_erasures",
    }


def test_cut_off_turn_is_finished_here_when_the_queue_is_away(
    live_settings: Settings, container: Container, clock: FakeClock
) -> None:
    thread_id = _cut_off(container, clock)
    away = live_settings.cache.model_copy(update={"url": "unix:///nowhere/valkey.sock"})
    settings = container.infrastructure.settings.model_copy(update={"cache": away})
    alone = build_container(settings, Overrides(clock=clock, artifacts=artifacts()))

    resume_turns(alone)
    alone.close()

    with container.infrastructure.ledger.transaction() as tx:
        status = tx.scalars(select(turns.c.status).where(turns.c.thread_id == thread_id)).one()
    assert status == "done"


@pytest.fixture
def worker(live_settings: Settings, container: Container) -> Iterator[None]:
    """`livhana worker` on the same ledger, queue and secrets."""
    live_settings.var.mkdir(exist_ok=True)
    (live_settings.var / "models").symlink_to(container.infrastructure.settings.var / "models")
    environment = {
        "PATH": os.defpath,
        "APP_ENV": "test",
        "VAR_DIR": str(live_settings.var),
        "DATABASE_URL": live_settings.ledger.url,
        "REDIS_URL": live_settings.cache.url,
    }
    command = [sys.executable, "-m", "api.entrypoints.cli", "worker"]
    started = subprocess.Popen(command, env=environment, cwd=ROOT, start_new_session=True)  # noqa: S603 - ours
    yield
    os.killpg(started.pid, signal.SIGTERM)
    started.wait(timeout=20)


@pytest.mark.usefixtures("worker")
def test_worker_process_answers_what_was_asked(
    client: TestClient, ana: Headers, container: Container
) -> None:
    job_id = ask(client, ana)

    _look_until(lambda: _job(container, job_id).finished_at is not None)
    found = state(client, ana, job_id)
    assert found["status"] == "finished", found["error"]
    assert "Night Owl Gummies" in found["result"]["text"]


def _job(container: Container, job_id: str) -> Job:
    job = container.infrastructure.jobs.find(job_id)
    assert job is not None
    return job


def _look_until(is_so: Callable[[], bool]) -> None:
    def look() -> None:
        if not is_so():
            raise NotYet

    OFTEN.call_with_retry(look, lambda _: None)


def _cut_off(container: Container, clock: FakeClock) -> str:
    """A message that was accepted by a process that died before it answered."""
    ana = Principal(ANA, Role.CUSTOMER)
    receipt = container.agent().turns.store.accept(Inbound("thr_cut", "msg_cut", ana, PROMPT))
    container.agent().turns.store.acquire(receipt.thread_id)
    clock.advance(timedelta(minutes=1))
    return receipt.thread_id
