"""Conversations during which processes are killed, and the effects that each must have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Conversation:
    """`earlier` and `before` run undisturbed, days apart; processes are killed during the turn of `message`.

    `expected_counts` is checked without kills first: a conversation without effects would prove nothing.
    """

    name: str
    message: str
    expected_counts: Mapping[str, int]
    before: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()

    @property
    def messages(self) -> Sequence[str]:
        return (*self.earlier, *self.before, self.message)


CONVERSATIONS = (
    Conversation("proposal", "make me a gold member", {"pending action waiting": 1, "charges": 0}),
    Conversation(
        "membership",
        "yes",
        {"memberships": 1, "charges": 1, "effects": 1, "event of memberships": 1, "interactions": 2},
        before=("make me a gold member",),
    ),
    Conversation(
        "upgrade",
        "yes",
        {
            "memberships": 1,
            "member of GOLD": 1,
            "change upgraded": 1,
            "charges": 2,
            "effects": 2,
            "event of memberships": 2,
            "notice of upgraded": 1,
        },
        before=("upgrade me to gold",),
        earlier=("make me a silver member", "yes"),
    ),
    Conversation(
        "checkout",
        "yes",
        {
            "order paid": 1,
            "benefit_grants": 1,
            "cart_lines": 0,
            "stock_reservations": 0,
            "charges": 2,
            "effects": 3,
            "event of orders": 1,
            "event of purchases": 1,
            "notice of order_receipt": 1,
        },
        before=("put 2 Night Owl Gummies in my cart", "check out"),
        earlier=("make me a silver member", "yes"),
    ),
    Conversation(
        "raffle",
        "yes",
        {"raffle_tickets": 8, "charges": 1, "effects": 1, "event of raffle_tickets": 8, "interactions": 2},
        before=("8 tickets for the Spring Raffle please",),
    ),
    Conversation("note", "please remember that mint gives me a headache", {"facts": 1, "effects": 1}),
    Conversation("search", "what do you recommend for sleep under $40?", {"effects": 0, "interactions": 1}),
)
