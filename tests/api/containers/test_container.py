"""A container is closed however far it came, and works in whatever process forks from it."""

import os
import pickle
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import TypeVar

import pytest
from sqlalchemy import text

from api.containers.container import Container, build_container
from api.containers.infrastructure import Infrastructure, build_infrastructure
from api.containers.overrides import CommerceOverrides, Overrides
from commerce.payments.ports import CardGateway
from foundation.clock import Clock
from foundation.outbox import Outbox
from foundation.settings import Settings
from foundation.sql import Ledger
from tests.api.conftest import artifacts
from tests.fakes import FakeClock

T = TypeVar("T")
COUNT = "SELECT count(*) AS found FROM commerce.orders"


class Unbuildable(Exception):
    """Of a part that cannot be made."""


@pytest.fixture
def overrides(clock: FakeClock) -> Overrides:
    return Overrides(clock=clock, artifacts=artifacts())


@pytest.fixture
def container(live_settings: Settings, overrides: Overrides) -> Iterator[Container]:
    with closing(build_container(live_settings, overrides)) as opened:
        yield opened


def uses(container: Container) -> tuple[object, object, object]:
    """What ledger, cache and warehouse answer."""
    infrastructure = container.infrastructure
    with infrastructure.ledger.transaction() as connection:
        one = connection.execute(text("SELECT 1")).scalar_one()
    infrastructure.cache.set("greeting", "hello")
    infrastructure.warehouse.ensure()
    return one, infrastructure.cache.get("greeting"), infrastructure.warehouse.query(COUNT)


def used_and_closed(container: Container) -> tuple[object, object, object]:
    answers = uses(container)
    container.close()
    return answers


def in_child(work: Callable[[], T]) -> T:
    """What the work gives in a process forked here."""
    hears, says = os.pipe()
    pid = os.fork()
    if pid == 0:
        with os.fdopen(says, "wb") as pipe:
            pickle.dump(work(), pipe)
        os._exit(0)
    os.close(says)
    with os.fdopen(hears, "rb") as pipe:
        told = pipe.read()
    _, status = os.waitpid(pid, 0)
    assert status == 0
    found: T = pickle.loads(told)  # noqa: S301 - our own child's
    return found


def connections(ledger: Ledger) -> int:
    """Open ones, in the pool of one ledger."""
    return ledger.engine.pool.checkedin()  # type: ignore[attr-defined,no-any-return]


class TestFork:
    ANSWERS = (1, b"hello", [{"found": 0}])

    def test_child_of_a_container_that_was_only_built(self, container: Container) -> None:
        assert in_child(lambda: uses(container)) == self.ANSWERS
        assert uses(container) == self.ANSWERS

    def test_child_of_a_container_that_was_used_before_and_is_used_after(self, container: Container) -> None:
        before = uses(container)

        inside = in_child(lambda: used_and_closed(container))

        assert (before, inside, uses(container)) == (self.ANSWERS,) * 3


class TestClose:
    def test_twice(self, container: Container) -> None:
        uses(container)

        container.close()
        container.close()

        assert connections(container.infrastructure.ledger) == 0

    def test_what_was_used_after_closing_is_closed_by_the_next(self, container: Container) -> None:
        container.close()
        uses(container)

        container.close()

        assert connections(container.infrastructure.ledger) == 0

    def test_of_a_container_that_was_never_used(self, settings: Settings) -> None:
        build_container(settings).close()

    def test_half_built(self, live_settings: Settings) -> None:
        infrastructure = build_infrastructure(live_settings)
        with infrastructure.ledger.transaction() as connection:
            connection.execute(text("SELECT 1"))

        infrastructure.close()

        assert connections(infrastructure.ledger) == 0

    def test_a_build_that_fails_closes_what_it_opened(self, live_settings: Settings) -> None:
        opened: list[Ledger] = []

        def outbox(ledger: Ledger, clock: Clock) -> Outbox:
            opened.append(ledger)
            with ledger.transaction() as connection:
                connection.execute(text("SELECT 1"))
            return Outbox(ledger, (), now=clock)

        def no_gateway(_: CardGateway) -> CardGateway:
            raise Unbuildable

        overrides = Overrides(outbox=outbox, commerce=CommerceOverrides(gateway=no_gateway))
        with pytest.raises(Unbuildable):
            build_container(live_settings, overrides)

        assert [connections(ledger) for ledger in opened] == [0]

    def test_infrastructure_that_fails_half_way_closes_what_it_opened(self, live_settings: Settings) -> None:
        opened: list[Ledger] = []

        def no_outbox(ledger: Ledger, _: Clock) -> Outbox:
            opened.append(ledger)
            with ledger.transaction() as connection:
                connection.execute(text("SELECT 1"))
            raise Unbuildable

        with pytest.raises(Unbuildable):
            build_infrastructure(live_settings, Overrides(outbox=no_outbox))

        assert [connections(ledger) for ledger in opened] == [0]

    def test_a_ledger_that_was_given_stays_open(self, live_settings: Settings, ledger: Ledger) -> None:
        overridden: Infrastructure = build_infrastructure(live_settings, Overrides(ledger=ledger))
        with ledger.transaction() as connection:
            connection.execute(text("SELECT 1"))

        overridden.close()

        assert connections(ledger) == 1


def test_agent_is_made_where_it_is_first_asked_for(container: Container) -> None:
    before = container.agent.is_made

    turns = container.agent().turns

    assert (before, container.agent.is_made) == (False, True)
    assert container.agent().turns is turns
