from datetime import timedelta

import pytest

from commerce.customers.access import SessionNotFound, Visit
from foundation.errors import Unauthorized
from tests.commerce.customers.conftest import HOME, Door

ELSEWHERE = Visit("198.51.100.9", "Safari on iPhone")


def test_owner_sees_where_they_are_signed_in(door: Door) -> None:
    phone = door.enter(visit=ELSEWHERE)
    desk = door.enter()

    found = door.access.sessions.list(desk.principal.id)

    assert [(each.id, each.device) for each in found] == [
        (desk.session.id, "Firefox on Linux"),
        (phone.session.id, "Safari on iPhone"),
    ]


def test_ended_session_is_refused_and_the_others_go_on(door: Door) -> None:
    phone, desk = door.enter(visit=ELSEWHERE), door.enter()

    door.access.sessions.end(phone.session.id, principal_id=phone.principal.id)

    with pytest.raises(Unauthorized):
        door.tokens.verify(phone.token)
    assert door.tokens.verify(desk.token) == desk.principal
    assert len(door.access.sessions.list(desk.principal.id)) == 1


def test_nobody_ends_a_session_of_another(door: Door) -> None:
    entered = door.enter()

    with pytest.raises(SessionNotFound):
        door.access.sessions.end(entered.session.id, principal_id="cus_mallory")

    assert door.tokens.verify(entered.token) == entered.principal


def test_every_other_session_is_ended_at_once(door: Door) -> None:
    others, here = [door.enter(visit=ELSEWHERE) for _ in range(2)], door.enter()

    ended = door.access.sessions.end_all(here.principal.id, but=here.session.id)

    assert ended == 2
    assert [each.id for each in door.access.sessions.list(here.principal.id)] == [here.session.id]
    for other in others:
        with pytest.raises(Unauthorized):
            door.tokens.verify(other.token)


def test_session_is_seen_every_few_minutes_and_not_at_every_request(door: Door) -> None:
    entered = door.enter()
    sessions = door.access.sessions

    noticed = []
    for _ in range(12):
        noticed.append(sessions.noticed(entered.session.id))
        door.clock.advance(timedelta(minutes=1))
    sessions.saw(entered.session.id)

    assert noticed.count(True) == 3
    assert sessions.list(entered.principal.id)[0].seen_at == door.clock()


def test_token_without_a_session_is_not_noticed(door: Door) -> None:
    assert not door.access.sessions.noticed("tok_1")


def test_lapsed_session_is_gone_from_the_list_and_later_from_the_ledger(door: Door) -> None:
    entered = door.enter(visit=HOME)

    door.clock.advance(timedelta(hours=25))
    listed = door.access.sessions.list(entered.principal.id)
    early = door.access.sessions.prune()
    door.clock.advance(timedelta(days=31))

    assert listed == []
    assert early == 0
    assert door.access.sessions.prune() == 3
    assert door.access.sessions.find(entered.session.id) is None
