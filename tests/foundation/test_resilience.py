import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest
import stamina
from stamina.instrumentation import RetryDetails, set_on_retry_hooks

from foundation import metrics
from foundation.resilience import Breaker, BreakerOpen, one_by_one, retry
from tests.fakes import FakeClock


class Flaky(Exception):
    def __init__(self, retry_after_seconds: float | None = None) -> None:
        super().__init__("not now")
        self.retry_after_seconds = retry_after_seconds


class Service:
    """Fails as often as it is told, then answers."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    def ask(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "answer"

    async def ask_async(self) -> str:
        return self.ask()


@pytest.fixture
def waits() -> Iterator[list[float]]:
    """The waits that were chosen; none is waited for longer than it says."""
    chosen: list[float] = []

    def note(details: RetryDetails) -> None:
        chosen.append(details.wait_for)

    set_on_retry_hooks([note])
    yield chosen
    set_on_retry_hooks(None)


@pytest.fixture
def no_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=100, cap=True):
        yield


@pytest.mark.usefixtures("no_waiting")
class TestRetry:
    def test_a_named_error_is_tried_again(self) -> None:
        service = Service(Flaky(), Flaky())

        assert retry(on=Flaky, attempts=3)(service.ask)() == "answer"
        assert service.calls == 3

    async def _ask(self, service: Service) -> str:
        return await retry(on=Flaky, attempts=3)(service.ask_async)()

    def test_a_coroutine_is_tried_again(self) -> None:
        service = Service(Flaky(), Flaky())

        assert asyncio.run(self._ask(service)) == "answer"
        assert service.calls == 3

    def test_another_error_is_raised_at_once(self) -> None:
        service = Service(KeyError("bug"))

        with pytest.raises(KeyError):
            retry(on=(Flaky, TimeoutError))(service.ask)()
        assert service.calls == 1

    def test_the_last_error_is_raised_after_the_last_attempt(self) -> None:
        service = Service(*[Flaky() for _ in range(9)])

        with pytest.raises(Flaky):
            retry(on=Flaky, attempts=4)(service.ask)()
        assert service.calls == 4

    def test_a_decorated_function_takes_and_gives_what_it_did(self) -> None:
        @retry(on=Flaky)
        def add(first: int, *, second: int) -> int:
            return first + second

        assert add(1, second=2) == 3
        assert add.__name__ == "add"


class TestRetryAfter:
    def test_the_wait_that_was_asked_for_is_kept(self, waits: list[float]) -> None:
        service = Service(Flaky(retry_after_seconds=0.01))

        retry(on=Flaky)(service.ask)()

        assert waits == [0.01]

    def test_a_wait_beyond_the_deadline_is_not_begun(self, waits: list[float]) -> None:
        service = Service(Flaky(retry_after_seconds=300))

        with pytest.raises(Flaky):
            retry(on=Flaky, deadline=timedelta(seconds=10))(service.ask)()

        assert service.calls == 1
        assert waits == []


@pytest.fixture
def breaker(clock: FakeClock) -> Breaker:
    return Breaker("gateway", on=Flaky, now=clock)


def fail(breaker: Breaker, *, times: int) -> None:
    for _ in range(times):
        with pytest.raises(Flaky), breaker:
            raise Flaky


def answer(breaker: Breaker) -> str:
    with breaker:
        return "answer"


class TestBreaker:
    def test_it_opens_after_five_failures_and_spares_the_part(self, breaker: Breaker) -> None:
        fail(breaker, times=4)
        assert answer(breaker) == "answer"
        fail(breaker, times=5)

        with pytest.raises(BreakerOpen, match="gateway is not answering"):
            answer(breaker)

    def test_it_says_when_to_come_back(self, breaker: Breaker, clock: FakeClock) -> None:
        fail(breaker, times=5)
        clock.advance(timedelta(seconds=20))

        with pytest.raises(BreakerOpen) as refusal:
            answer(breaker)

        assert refusal.value.code == "UNAVAILABLE"
        assert refusal.value.retry_after_seconds == 40

    def test_one_call_tries_after_a_minute_and_the_others_wait(
        self, breaker: Breaker, clock: FakeClock
    ) -> None:
        fail(breaker, times=5)
        clock.advance(timedelta(seconds=60))
        assert breaker.state == "half-open"

        with breaker, pytest.raises(BreakerOpen):
            answer(breaker)

    def test_a_good_trial_closes_it(self, breaker: Breaker, clock: FakeClock) -> None:
        fail(breaker, times=5)
        clock.advance(timedelta(seconds=60))

        answer(breaker)

        assert breaker.state == "closed"
        fail(breaker, times=4)
        assert answer(breaker) == "answer"

    def test_a_bad_trial_opens_it_for_another_minute(self, breaker: Breaker, clock: FakeClock) -> None:
        fail(breaker, times=5)
        clock.advance(timedelta(seconds=60))

        fail(breaker, times=1)

        clock.advance(timedelta(seconds=59))
        assert breaker.state == "open"

    def test_a_trial_that_never_returns_does_not_hold_it_open_for_good(
        self, breaker: Breaker, clock: FakeClock
    ) -> None:
        fail(breaker, times=5)
        clock.advance(timedelta(seconds=60))
        breaker.__enter__()

        clock.advance(timedelta(seconds=60))

        assert answer(breaker) == "answer"

    def test_a_cancelled_trial_leaves_the_next_call_to_try(self, breaker: Breaker, clock: FakeClock) -> None:
        fail(breaker, times=5)
        clock.advance(timedelta(seconds=60))
        with pytest.raises(KeyboardInterrupt), breaker:
            raise KeyboardInterrupt

        assert answer(breaker) == "answer"

    def test_a_refusal_is_an_answer_and_no_failure(self, breaker: Breaker) -> None:
        fail(breaker, times=4)
        with pytest.raises(ValueError, match="declined"), breaker:
            raise ValueError("declined")

        fail(breaker, times=4)

        assert breaker.state == "closed"

    def test_a_scrape_shows_it(self, breaker: Breaker) -> None:
        fail(breaker, times=5)

        assert b'livhana_breaker_open{breaker="gateway"} 1.0' in metrics.render()

    def test_it_guards_awaited_calls(self, breaker: Breaker) -> None:
        async def ask() -> str:
            with breaker:
                return await Service().ask_async()

        assert asyncio.run(ask()) == "answer"


def test_one_that_fails_stops_no_other() -> None:
    done: list[int] = []

    def do(number: int) -> bool:
        if number == 2:
            raise ZeroDivisionError
        done.append(number)
        return number < 4

    counted = one_by_one(do, [1, 2, 3, 4], failed="not_done")

    assert (counted, done) == (2, [1, 3, 4])
