from tests.tools.conftest import Counter


def test_person_gets_the_conversation_and_its_summary(counter: Counter) -> None:
    result = counter.ask("hand_over_to_person", summary="a wrong delivery")

    (waiting,) = counter.shop.handoffs.waiting()
    assert result.handed_over
    assert (waiting.thread_id, waiting.summary) == ("thr_cus_ana", "a wrong delivery")


def test_guest_may_ask_for_a_person_too(counter: Counter) -> None:
    result = counter.ask("hand_over_to_person", who="gst_1")

    (waiting,) = counter.shop.handoffs.waiting()
    assert (result.handed_over, waiting.principal_id) == (True, "gst_1")


def test_asking_again_makes_no_second_request(counter: Counter) -> None:
    first = counter.ask("hand_over_to_person")

    second = counter.ask("hand_over_to_person")

    assert second.data == first.data
    assert len(counter.shop.handoffs.waiting()) == 1
