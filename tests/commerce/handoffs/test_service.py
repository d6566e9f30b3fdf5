from datetime import timedelta

from tests.shop import Shop


def test_request_waits_for_a_person(shop: Shop) -> None:
    asked = shop.handoffs.request("thr_1", principal_id="cus_ana", summary="a wrong delivery")

    assert shop.handoffs.waiting() == [asked]


def test_thread_that_waits_already_keeps_its_first_request(shop: Shop) -> None:
    first = shop.handoffs.request("thr_1", principal_id="cus_ana", summary="a wrong delivery")

    second = shop.handoffs.request("thr_1", principal_id="cus_ana", summary="hello?")

    assert second == first


def test_longest_waiting_comes_first(shop: Shop) -> None:
    shop.handoffs.request("thr_1", principal_id="cus_ana", summary="first")
    shop.clock.advance(timedelta(minutes=1))
    shop.handoffs.request("thr_2", principal_id="gst_1", summary="second")

    assert [asked.summary for asked in shop.handoffs.waiting()] == ["first", "second"]


def test_thread_may_ask_again_once_a_person_has_seen_to_it(shop: Shop) -> None:
    first = shop.handoffs.request("thr_1", principal_id="cus_ana", summary="a wrong delivery")
    closed = shop.handoffs.close(first.id)
    shop.clock.advance(timedelta(minutes=1))

    second = shop.handoffs.request("thr_1", principal_id="cus_ana", summary="another")

    assert closed.closed_at == first.requested_at
    assert shop.handoffs.close(first.id) == closed
    assert shop.handoffs.waiting() == [second]
