from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select

from api.containers.container import Container, build_container
from api.containers.overrides import Overrides
from api.entrypoints.scheduler import refine_facts
from api.entrypoints.worker import handlers
from demo.fakes.messages_api import FakeMessagesApi, calls, fails
from foundation.queue import JOBS, WorkerContext
from foundation.settings import ModelSettings
from memory.conversations.models import Interaction
from tests.api.conftest import ANA, artifacts

MESSAGE = "I could never live without my gummies. Walnuts, for me? Never, I would end up in a hospital."
FOUND = [
    {"subject": "customer", "predicate": "allergic to", "value": "Walnuts", "holds": True, "confidence": 0.9},
    {"subject": "customer", "predicate": "budget", "value": "$90", "holds": True, "confidence": 0.9},
]
NOTED = calls(("note_statements", {"statements": FOUND}))

pytestmark = pytest.mark.slow


@contextmanager
def with_claude(container: Container, url: str, *, refines: bool = True) -> Iterator[Container]:
    key = SecretStr("key")
    models = ModelSettings(ANTHROPIC_BASE_URL=url, ANTHROPIC_API_KEY=key, MODEL_REFINES_FACTS=refines)
    settings = container.infrastructure.settings.model_copy(update={"models": models})
    own = build_container(settings, Overrides(clock=container.infrastructure.clock, artifacts=artifacts()))
    yield own
    own.close()


def tell(container: Container, number: int, message: str) -> None:
    container.memory.engine.learn(
        Interaction(f"trn_{number}", ANA, "thr_1", "chat", container.infrastructure.clock(), message, "Ok.")
    )
    while container.relay.deliver("memory"):
        pass


def job_ids(container: Container) -> list[str]:
    with container.infrastructure.ledger.transaction() as connection:
        return list(connection.execute(select(JOBS.c.id).where(JOBS.c.kind == "refine")).scalars())


def held(container: Container) -> set[tuple[str, str]]:
    return {(fact.predicate, fact.value) for fact in container.memory.engine.facts(ANA)}


def test_turn_is_read_again_by_claude_in_a_job_of_its_own_once(container: Container) -> None:
    fake = FakeMessagesApi(NOTED)

    with fake.serving() as url, with_claude(container, url) as own:
        tell(own, 1, MESSAGE)
        tell(own, 2, "do you have gummies?")
        asked = [refine_facts(own) for _ in range(2)]
        (job_id,) = job_ids(own)
        for _ in range(2):
            WorkerContext(own.infrastructure.jobs, handlers(own)).perform(job_id)
        again = own.conversations.fact_extraction.extract("trn_1")
        job = own.infrastructure.jobs.find(job_id)

    assert (asked, again, len(fake.requests)) == ([1, 0], 0, 1)
    assert job is not None
    assert (job.status, job.result, job.payload["principal_id"]) == ("finished", {"facts": 1}, ANA)
    assert ("allergic to", "walnut") in held(container)
    assert ("budget", "$90") not in held(container)


def test_job_whose_model_is_away_is_tried_again_and_keeps_its_one_effect(container: Container) -> None:
    fake = FakeMessagesApi(fails(400), NOTED)

    with fake.serving() as url, with_claude(container, url) as own:
        tell(own, 1, MESSAGE)
        refine_facts(own)
        (job_id,) = job_ids(own)
        with pytest.raises(Exception, match="BadRequest"):
            WorkerContext(own.infrastructure.jobs, handlers(own)).perform(job_id)
        WorkerContext(own.infrastructure.jobs, handlers(own)).perform(job_id)

    assert ("allergic to", "walnut") in held(container)


def test_nothing_comes_back_of_somebody_who_is_forgotten_while_claude_reads(container: Container) -> None:
    def answer(_request: object) -> object:
        container.memory.erasure.service.erase(ANA, by=ANA)
        return NOTED

    container.infrastructure.warehouse.ensure()
    fake = FakeMessagesApi(answer)  # type: ignore[arg-type]
    with fake.serving() as url, with_claude(container, url) as own:
        tell(own, 1, MESSAGE)

        assert own.conversations.fact_extraction.extract("trn_1") == 0

    assert len(fake.requests) == 1
    assert held(container) == set()


@pytest.mark.parametrize("refines", [True, False])
def test_without_claude_or_when_it_is_not_wanted_nothing_is_queued(
    container: Container, *, refines: bool
) -> None:
    fake = FakeMessagesApi()

    with fake.serving() as url, with_claude(container, url, refines=False) as own:
        chosen = container if refines else own
        tell(chosen, 1, MESSAGE)
        assert refine_facts(chosen) == 0

    with container.infrastructure.ledger.transaction() as connection:
        assert connection.scalar(select(func.count()).select_from(JOBS)) == 0
    assert fake.requests == []
