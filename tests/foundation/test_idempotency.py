import threading
from datetime import timedelta

import pytest

from foundation.idempotency import (
    LAPSES_AFTER,
    Answer,
    Fresh,
    IdempotencyKeys,
    KeyUsedOtherwise,
    Replay,
    StillRunning,
)
from foundation.sql import Ledger
from tests.fakes import FakeClock

ANSWER = Answer(201, b'{"success": true}', {"content-type": "application/json"})


@pytest.fixture
def keys(ledger: Ledger, clock: FakeClock) -> IdempotencyKeys:
    return IdempotencyKeys(ledger, now=clock)


def _claim(keys: IdempotencyKeys, *, who: str = "cus_ana", key: str = "k1", body: str = "b1") -> Fresh:
    claim = keys.claim(who, key, body)
    assert isinstance(claim, Fresh)
    return claim


def test_repeated_request_gets_the_first_answer(keys: IdempotencyKeys) -> None:
    keys.complete(_claim(keys), ANSWER)

    assert keys.claim("cus_ana", "k1", "b1") == Replay(ANSWER)


def test_other_body_is_refused(keys: IdempotencyKeys) -> None:
    keys.complete(_claim(keys), ANSWER)

    with pytest.raises(KeyUsedOtherwise):
        keys.claim("cus_ana", "k1", "b2")


def test_running_request_is_not_started_twice(keys: IdempotencyKeys) -> None:
    _claim(keys)

    with pytest.raises(StillRunning):
        keys.claim("cus_ana", "k1", "b1")


def test_keys_of_two_principals_do_not_meet(keys: IdempotencyKeys) -> None:
    keys.complete(_claim(keys), ANSWER)

    assert isinstance(keys.claim("cus_ben", "k1", "b2"), Fresh)


def test_released_key_is_fresh_again(keys: IdempotencyKeys) -> None:
    keys.release(_claim(keys))

    assert isinstance(keys.claim("cus_ana", "k1", "b2"), Fresh)


def test_kept_answer_is_not_released(keys: IdempotencyKeys) -> None:
    claim = _claim(keys)
    keys.complete(claim, ANSWER)

    keys.release(claim)

    assert keys.claim("cus_ana", "k1", "b1") == Replay(ANSWER)


def test_claim_of_a_killed_process_lapses_within_seconds(keys: IdempotencyKeys, clock: FakeClock) -> None:
    _claim(keys)
    clock.advance(LAPSES_AFTER - timedelta(seconds=1))
    with pytest.raises(StillRunning):
        keys.claim("cus_ana", "k1", "b1")
    clock.advance(timedelta(seconds=1))

    assert isinstance(keys.claim("cus_ana", "k1", "b1"), Fresh)


def test_renewed_claim_does_not_lapse(keys: IdempotencyKeys, clock: FakeClock) -> None:
    claim = _claim(keys)
    for _ in range(2):
        clock.advance(LAPSES_AFTER - timedelta(seconds=1))
        keys.renew(claim)

    with pytest.raises(StillRunning):
        keys.claim("cus_ana", "k1", "b1")


def test_lapsed_claim_is_not_given_to_another_request(keys: IdempotencyKeys, clock: FakeClock) -> None:
    _claim(keys)
    clock.advance(timedelta(minutes=2))

    with pytest.raises(KeyUsedOtherwise):
        keys.claim("cus_ana", "k1", "b2")


def test_late_answer_of_a_lapsed_claim_is_dropped(keys: IdempotencyKeys, clock: FakeClock) -> None:
    late = _claim(keys)
    clock.advance(timedelta(minutes=2))
    keys.complete(_claim(keys), ANSWER)

    keys.complete(late, Answer(500, b"", {}))

    assert keys.claim("cus_ana", "k1", "b1") == Replay(ANSWER)


def test_answer_is_forgotten_after_a_day(keys: IdempotencyKeys, clock: FakeClock) -> None:
    keys.complete(_claim(keys), ANSWER)
    clock.advance(timedelta(hours=24))

    assert isinstance(keys.claim("cus_ana", "k1", "b2"), Fresh)


def test_old_answers_are_pruned(keys: IdempotencyKeys, clock: FakeClock) -> None:
    keys.complete(_claim(keys, key="old"), ANSWER)
    clock.advance(timedelta(hours=24))
    keys.complete(_claim(keys, key="young"), ANSWER)

    assert keys.prune() == 1


def test_one_of_many_at_once_is_fresh(keys: IdempotencyKeys) -> None:
    fresh: list[Fresh | Replay] = []
    refused: list[StillRunning] = []

    def claim() -> None:
        try:
            fresh.append(keys.claim("cus_ana", "k1", "b1"))
        except StillRunning as refusal:
            refused.append(refusal)

    threads = [threading.Thread(target=claim) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(fresh), len(refused)) == (1, 9)
