from typing import Any

from sqlalchemy import func, select, update

from commerce.memberships.store import memberships
from tests.tools.conftest import Counter
from tools.confirmations import pending_actions
from tools.effects import digest
from tools.memberships import subscribe_membership


def count(counter: Counter, table: Any) -> int:  # noqa: ANN401 - a table
    with counter.shop.ledger.transaction() as tx:
        return int(tx.scalar(select(func.count()).select_from(table)) or 0)


def test_stored_arguments_are_those_that_were_proposed(counter: Counter) -> None:
    counter.ask("subscribe_membership", tier="GOLD")

    action = counter.catalog.confirmations.waiting("thr_cus_ana")

    assert action is not None
    assert action.arguments == {"tier": "GOLD"}


def test_stored_arguments_that_the_tool_no_longer_takes_are_refused(counter: Counter) -> None:
    counter.ask("subscribe_membership", tier="GOLD")
    with counter.shop.ledger.transaction() as tx:
        tx.execute(update(pending_actions).values(arguments={"tier": "PLATINUM"}))

    result = counter.agree()

    assert result.is_error
    assert "called wrongly" in result.say
    assert (count(counter, memberships), counter.shop.charges()) == (0, 0)


def test_action_that_was_carried_out_is_not_validated_again(counter: Counter) -> None:
    counter.ask("subscribe_membership", tier="GOLD")
    action = counter.catalog.confirmations.waiting("thr_cus_ana")
    assert action is not None
    first = counter.carry_out(action)
    with counter.shop.ledger.transaction() as tx:
        tx.execute(update(pending_actions).values(arguments={"tier": "PLATINUM"}))

    again = counter.carry_out(action)

    assert again == first
    assert counter.shop.charges() == 1


def test_digest_of_arguments_is_that_of_earlier_versions() -> None:
    gold = subscribe_membership.parse({"tier": "GOLD"})

    assert digest(subscribe_membership, gold).startswith("04c7926c910f4346a4a4802fa6562ddd")
