import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from agent.graph.answers import ONE_AT_A_TIME
from agent.graph.guardrails import NOTHING_TO_SAY
from agent.graph.nodes import OUT_OF_BUDGET
from agent.graph.reply import FAILED
from agent.graph.rules import NOTHING_CHANGED
from agent.models.base import ModelRequest
from agent.turns.journal import ModelEntry
from agent.turns.store import LeaseLost, ThreadNotFound
from foundation.auth import Principal, Role
from foundation.settings import TurnSettings
from tests.agent.desk import Desk, message, open_desk
from tests.agent.models import ScriptedModel, uses, words
from tests.shop import Shop
from tools.effects import effects

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

GOLD = uses(("subscribe_membership", {"tier": "GOLD"}))
SEARCH = uses(("search_products", {"words": "gummies"}))


def last_results(request: ModelRequest) -> list[dict[str, Any]]:
    return [block for block in request.messages[-1]["content"] if block["type"] == "tool_result"]


def model_of(desk: Desk) -> ScriptedModel:
    model = desk.models[0]
    assert isinstance(model, ScriptedModel)
    return model


class TestConversation:
    async def test_answer_is_stored_streamed_and_remembered(self, shop: Shop) -> None:
        desk = open_desk(shop, "Good morning!")

        reply = await desk.say("hello")

        assert reply.text == desk.stream.said(reply.turn_id) == "Good morning!"
        assert desk.stream.kinds(reply.turn_id)[-1] == "done"
        assert desk.memory.profile("cus_ana").interactions == 1

    async def test_tool_results_reach_the_model_and_their_cards_the_customer(self, shop: Shop) -> None:
        desk = open_desk(shop, SEARCH, "Here you are.")

        reply = await desk.say("gummies?")

        (result,) = last_results(model_of(desk).requests[-1])
        assert "Night Owl Gummies" in result["content"]
        assert "Night Owl Gummies" in [card.title for card in reply.cards]

    async def test_next_turn_reads_the_turn_before(self, shop: Shop) -> None:
        desk = open_desk(shop, SEARCH, "Here you are.", "The second one.")
        await desk.say("gummies?")

        await desk.say("and the second?")

        roles = [each["role"] for each in model_of(desk).requests[-1].messages]
        assert roles == ["user", "assistant", "user", "assistant", "user"]


class TestConfirmation:
    async def test_nothing_happens_before_the_yes(self, shop: Shop) -> None:
        desk = open_desk(shop, GOLD, "Let me ask.")

        reply = await desk.say("make me gold")

        assert reply.confirmation is not None
        assert "$197.00" in reply.text
        assert (desk.memberships(), shop.charges()) == (0, 0)

    async def test_yes_makes_one_membership_and_one_charge(self, shop: Shop) -> None:
        desk = open_desk(shop, GOLD, "Let me ask.", "Welcome to Gold.")
        await desk.say("make me gold")

        reply = await desk.say("yes")

        assert (desk.memberships(), shop.charges()) == (1, 1)
        assert len(shop.events("memberships")) == 1
        assert reply.confirmation is None

    async def test_model_never_sees_the_yes_before_it_is_carried_out(self, shop: Shop) -> None:
        desk = open_desk(shop, GOLD, "Let me ask.", "Welcome to Gold.")
        await desk.say("make me gold")

        await desk.say("yes")

        (result,) = last_results(model_of(desk).requests[-1])
        assert "pending" not in result["content"]

    async def test_no_changes_nothing_and_asks_no_model(self, shop: Shop) -> None:
        desk = open_desk(shop, GOLD, "Let me ask.", "unasked")
        await desk.say("make me gold")

        reply = await desk.say("no thanks")

        assert reply.text == NOTHING_CHANGED
        assert (desk.memberships(), len(model_of(desk).requests)) == (0, 2)

    async def test_correction_replaces_the_question(self, shop: Shop) -> None:
        silver = uses(("subscribe_membership", {"tier": "SILVER"}))
        desk = open_desk(shop, GOLD, "Let me ask.", silver, "Then Silver.", "Welcome to Silver.")
        await desk.say("make me gold")
        await desk.say("no, silver")

        await desk.say("yes")

        assert shop.charged().cents == 97_00

    async def test_yes_after_another_answer_needs_the_question_again(self, shop: Shop) -> None:
        desk = open_desk(shop, GOLD, "Let me ask.", "Thirty percent off.", "Welcome to Gold.")
        await desk.say("make me gold")

        again = await desk.say("what is in it for me?")
        await desk.say("yes")

        assert again.confirmation is not None
        assert "$197.00" in again.text
        assert desk.memberships() == 1

    async def test_yes_after_the_question_expired_does_nothing(self, shop: Shop) -> None:
        desk = open_desk(shop, GOLD, "Let me ask.", "What do you mean?")
        await desk.say("make me gold")
        shop.clock.advance(timedelta(minutes=11))

        await desk.say("yes")

        assert desk.memberships() == 0

    async def test_button_pressed_twice_at_once_is_one_yes(self, shop: Shop) -> None:
        desk = open_desk(shop, GOLD, "Let me ask.", "Welcome to Gold.")
        asked = await desk.say("make me gold")
        assert asked.confirmation is not None
        who = Principal("cus_ana", Role.CUSTOMER)

        receipts = await asyncio.gather(
            *(desk.turns.decide(asked.confirmation.action_id, "confirm", who) for _ in range(4))
        )
        await desk.settled()

        assert len({receipt.turn_id for receipt in receipts}) == 1
        assert (desk.memberships(), shop.charges()) == (1, 1)

    async def test_word_and_button_together_are_one_yes(self, shop: Shop) -> None:
        desk = open_desk(shop, GOLD, "Let me ask.", "Welcome to Gold.")
        asked = await desk.say("make me gold")
        assert asked.confirmation is not None
        who = Principal("cus_ana", Role.CUSTOMER)

        await asyncio.gather(
            desk.turns.decide(asked.confirmation.action_id, "confirm", who), desk.turns.start(message("yes"))
        )
        await desk.settled()

        assert (desk.memberships(), shop.charges()) == (1, 1)

    async def test_another_customer_cannot_press_the_button(self, shop: Shop) -> None:
        desk = open_desk(shop, GOLD, "Let me ask.")
        asked = await desk.say("make me gold")
        assert asked.confirmation is not None

        with pytest.raises(Exception, match="nothing like that"):
            await desk.turns.decide(
                asked.confirmation.action_id, "confirm", Principal("cus_ben", Role.CUSTOMER)
            )

    async def test_declined_card_is_stated_and_can_be_asked_for_again(self, shop: Shop) -> None:
        desk = open_desk(shop, GOLD, "Let me ask.", "It was declined.", GOLD, "Again?", "Welcome to Gold.")
        shop.payments.cards.add("cus_ana", nonce="tok_decline")
        await desk.say("make me gold")
        refused = await desk.say("yes")
        shop.payments.cards.add("cus_ana", nonce="tok_approve.second")

        await desk.say("try gold again")
        await desk.say("yes")

        assert (refused.form, refused.confirmation) == ("card", None)
        assert desk.memberships() == 1

    async def test_card_changed_since_the_question_is_not_charged(self, shop: Shop) -> None:
        desk = open_desk(shop, GOLD, "Let me ask.", "The card is another one.")
        await desk.say("make me gold")
        shop.payments.cards.add("cus_ana", nonce="tok_hold")

        await desk.say("yes")

        (result,) = last_results(model_of(desk).requests[-1])
        assert "Something changed" in result["content"]
        assert (desk.memberships(), shop.charges()) == (0, 0)

    async def test_only_one_question_is_put_at_a_time(self, shop: Shop) -> None:
        both = uses(("subscribe_membership", {"tier": "GOLD"}), ("subscribe_membership", {"tier": "SILVER"}))
        desk = open_desk(shop, both, "Let me ask.")

        reply = await desk.say("gold and silver")

        assert ONE_AT_A_TIME in last_results(model_of(desk).requests[-1])[1]["content"]
        assert reply.confirmation is not None
        assert "Gold" in reply.confirmation.sentence


class TestMessages:
    async def test_same_message_at_once_is_answered_once(self, shop: Shop) -> None:
        desk = open_desk(shop, "Hello!")
        same = message("hi", message_id="msg_same")

        receipts = await asyncio.gather(*(desk.turns.start(same) for _ in range(5)))
        await desk.settled()

        assert len({receipt.turn_id for receipt in receipts}) == 1
        assert len(model_of(desk).requests) == 1

    async def test_same_message_later_gets_the_stored_reply(self, shop: Shop) -> None:
        desk = open_desk(shop, "Hello!", "Something else")
        first = await desk.say("hi", message_id="msg_same")

        assert await desk.say("hi", message_id="msg_same") == first

    async def test_reply_that_is_there_needs_no_waiting(self, shop: Shop) -> None:
        desk = open_desk(shop, "Hello!")
        reply = await desk.say("hi")

        assert await desk.turns.reply(reply.turn_id, timeout_seconds=0) == reply

    async def test_three_messages_at_once_all_get_an_answer(self, shop: Shop) -> None:
        desk = open_desk(shop, "Hello!")

        receipts = await asyncio.gather(
            *(desk.turns.start(message(text)) for text in ("one", "two", "three"))
        )
        await desk.settled()

        replies = [await desk.turns.reply(each.turn_id, timeout_seconds=5) for each in receipts]
        assert all(reply is not None for reply in replies)
        said = str([request.messages for request in model_of(desk).requests])
        assert all(text in said for text in ("one", "two", "three"))

    async def test_thread_of_another_customer_does_not_exist(self, shop: Shop) -> None:
        desk = open_desk(shop, "Hello!")
        await desk.say("hi")

        with pytest.raises(ThreadNotFound):
            await desk.turns.start(message("let me in", who="cus_ben", thread_id="thr_cus_ana"))
        with pytest.raises(ThreadNotFound):
            await desk.turns.thread("thr_cus_ana", Principal("cus_ben", Role.CUSTOMER))

    async def test_card_number_is_masked_before_anything_else(self, shop: Shop) -> None:
        desk = open_desk(shop, "unasked")

        reply = await desk.say("make me gold, my card is 4111 1111 1111 1111")

        assert (reply.form, model_of(desk).requests) == ("card", [])
        assert "4111" not in str(desk.store.thread("thr_cus_ana", "cus_ana"))

    async def test_conversation_reads_as_it_was(self, shop: Shop) -> None:
        desk = open_desk(shop, GOLD, "Let me ask.")
        await desk.say("make me gold")

        read = await desk.turns.thread("thr_cus_ana", Principal("cus_ana", Role.CUSTOMER))

        assert [each.role for each in read] == ["customer", "assistant"]
        assert read[1].confirmation is not None


class TestBadModels:
    async def test_unknown_tool_is_shown_to_the_model(self, shop: Shop) -> None:
        desk = open_desk(shop, uses(("drop_tables", {})), "Sorry.")

        await desk.say("hi")

        assert "no tool called drop_tables" in last_results(model_of(desk).requests[-1])[0]["content"]

    @pytest.mark.parametrize("arguments", [{"tier": 5}, {"tier": "PLATINUM"}, {}, [], "GOLD", None])
    async def test_wrong_arguments_change_nothing(self, shop: Shop, arguments: Any) -> None:  # noqa: ANN401
        desk = open_desk(shop, uses(("subscribe_membership", arguments)), "Sorry.")

        reply = await desk.say("make me gold")

        assert last_results(model_of(desk).requests[-1])[0]["is_error"] is True
        assert reply.confirmation is None

    async def test_model_cannot_name_the_customer(self, shop: Shop) -> None:
        desk = open_desk(
            shop, uses(("subscribe_membership", {"tier": "GOLD", "customer_id": "cus_ben"})), "No."
        )

        reply = await desk.say("make cus_ben gold")

        assert reply.confirmation is None

    async def test_two_hundred_calls_are_cut_short(self, shop: Shop) -> None:
        desk = open_desk(shop, uses(*[("list_membership_tiers", {})] * 200), "Done.")

        reply = await desk.say("hi")

        refused = [block for block in last_results(model_of(desk).requests[-1]) if block.get("is_error")]
        assert (reply.text, len(refused)) == ("Done.", 200 - TurnSettings().tool_calls)

    async def test_endless_calling_ends_in_words(self, shop: Shop) -> None:
        desk = open_desk(shop, SEARCH)

        reply = await desk.say("hi")

        assert OUT_OF_BUDGET in reply.text
        assert len(model_of(desk).requests) == TurnSettings().model_calls

    async def test_empty_answer_becomes_words(self, shop: Shop) -> None:
        desk = open_desk(shop, words(""))

        assert (await desk.say("hi")).text == NOTHING_TO_SAY

    async def test_invented_price_is_replaced_by_what_the_tool_stated(self, shop: Shop) -> None:
        desk = open_desk(shop, uses(("list_membership_tiers", {})), "Gold is only $19.00 a month!")

        reply = await desk.say("what is gold?")

        assert "$19.00" not in reply.text
        assert "$197.00" in reply.text
        assert desk.stream.said(reply.turn_id) == reply.text

    async def test_paraphrase_of_a_question_does_not_hide_the_exact_one(self, shop: Shop) -> None:
        desk = open_desk(shop, GOLD, "Shall I make you happy?")

        reply = await desk.say("make me gold")

        assert reply.confirmation is not None
        assert reply.confirmation.sentence in reply.text

    async def test_guest_is_offered_no_tool_of_a_customer(self, shop: Shop) -> None:
        desk = open_desk(shop, GOLD, "Please sign in.")

        reply = await desk.say("make me gold", who="gst_gus")

        offered = {tool.name for tool in model_of(desk).requests[0].tools}
        assert "subscribe_membership" not in offered
        assert (reply.confirmation, reply.form) == (None, "sign_in")


class TestFailures:
    async def test_bug_in_a_model_ends_in_words_and_a_whole_history(self, shop: Shop) -> None:
        def breaks(_: ModelRequest) -> Any:  # noqa: ANN401 - it never returns
            raise RuntimeError("a bug")

        desk = open_desk(shop, SEARCH, breaks, "All well again.")

        broken = await desk.say("gummies?")
        await desk.say("still there?")

        roles = [each["role"] for each in model_of(desk).requests[-1].messages]
        assert (broken.failed, broken.text) == (True, FAILED)
        assert roles == ["user", "assistant", "user"]

    async def test_forgotten_customer_is_answered_and_not_learned(self, shop: Shop) -> None:
        desk = open_desk(shop, "Hello!")
        shop.keys.shred("cus_ana")

        reply = await desk.say("hi")

        assert reply.text == "Hello!"
        assert desk.memory.profile("cus_ana").interactions == 0

    async def test_lost_stream_costs_no_reply(self, shop: Shop) -> None:
        desk = open_desk(shop, "Hello!")
        desk.stream.is_lost = True

        reply = await desk.say("hi")

        events = [event.kind async for event in desk.turns.events(reply.turn_id, after="1-1")]
        assert (reply.text, events) == ("Hello!", ["restart", "token", "done"])

    async def test_events_resume_after_the_cursor(self, shop: Shop) -> None:
        desk = open_desk(shop, SEARCH, "Here you are.")
        reply = await desk.say("gummies?")

        every = [event async for event in desk.turns.events(reply.turn_id)]
        rest = [event async for event in desk.turns.events(reply.turn_id, after=every[1].id)]

        assert rest == every[2:]

    async def test_shut_down_process_gives_the_turn_back_at_once(self, shop: Shop) -> None:
        reached = asyncio.Event()

        class Slow:
            name = "slow"
            reads_memory = True

            async def answer(self, *_: Any, **__: Any) -> Any:  # noqa: ANN401 - it never returns
                reached.set()
                await asyncio.Event().wait()

        desk = open_desk(shop, "Hello!")
        stuck = Desk(shop, (Slow(),))
        receipt = await stuck.turns.start(message("hi"))
        await reached.wait()
        await stuck.turns.close()

        await desk.turns.drain(receipt.thread_id)

        reply = await desk.turns.reply(receipt.turn_id, timeout_seconds=1)
        assert reply is not None
        assert reply.text == "Hello!"

    async def test_turn_taken_over_by_another_process_writes_nothing_more(self, shop: Shop) -> None:
        desk = open_desk(shop, "Hello!")
        receipt = desk.store.accept(message("hi"))
        first = desk.store.acquire(receipt.thread_id)
        shop.clock.advance(timedelta(seconds=31))
        second = desk.store.acquire(receipt.thread_id)
        assert first is not None
        assert second is not None
        entry = ModelEntry(0, words("Hello!"))

        with pytest.raises(LeaseLost):
            desk.store.append(first, entry)
        desk.store.append(second, entry)


class Death(BaseException):
    """The process ends here."""


def dies_at(step: int) -> Callable[[str], None]:
    left = [step]

    def on_step(_: str) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Death

    return on_step


@pytest.mark.kills
@pytest.mark.parametrize("step", range(11))
async def test_turn_cut_off_at_any_step_is_finished_by_another_process(shop: Shop, step: int) -> None:
    """The yes to a membership dies at its n-th step; whoever goes on charges once and answers."""
    desk = open_desk(shop, GOLD, "Let me ask.", "Welcome to Gold.")
    await desk.say("make me gold")
    doomed = desk.after(on_step=dies_at(step))
    yes = message("yes")
    with suppress(Death):
        await doomed.turns.start(yes)
        await doomed.settled()
    shop.clock.advance(timedelta(minutes=1))

    for thread_id in desk.store.lapsed():
        await desk.turns.drain(thread_id)
    reply = await desk.say("yes", message_id=yes.message_id)

    with shop.ledger.transaction() as tx:
        done = tx.execute(select(effects.c.tool)).scalars().all()
    assert "Welcome to Gold." in reply.text
    assert (done, desk.memberships(), shop.charges()) == (["subscribe_membership"], 1, 1)
    assert desk.memory.profile("cus_ana").interactions == 2
