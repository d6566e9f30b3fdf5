"""What is said while processes are killed, and what must come of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Story:
    """`earlier` and `before` are said in peace, days apart; during the answer to `message` one is killed.

    `comes_of_it` keeps the suite honest: a story that brings less about proves nothing.
    """

    name: str
    message: str
    comes_of_it: Mapping[str, int]
    before: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()

    @property
    def said(self) -> Sequence[str]:
        return (*self.earlier, *self.before, self.message)


STORIES = (
    Story("proposal", "make me a gold member", {"question that is waiting": 1, "charges": 0}),
    Story(
        "membership",
        "yes",
        {"memberships": 1, "charges": 1, "effects": 1, "event of memberships": 1, "interactions": 2},
        before=("make me a gold member",),
    ),
    Story(
        "upgrade",
        "yes",
        {
            "memberships": 1,
            "member of GOLD": 1,
            "change that is upgraded": 1,
            "charges": 2,
            "effects": 2,
            "event of memberships": 2,
            "notice of upgraded": 1,
        },
        before=("upgrade me to gold",),
        earlier=("make me a silver member", "yes"),
    ),
    Story(
        "checkout",
        "yes",
        {
            "order that is paid": 1,
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
    Story(
        "raffle",
        "yes",
        {"raffle_tickets": 8, "charges": 1, "effects": 1, "event of raffle_tickets": 8, "interactions": 2},
        before=("8 tickets for the Spring Raffle please",),
    ),
    Story("note", "please remember that mint gives me a headache", {"facts": 1, "effects": 1}),
    Story("search", "what do you recommend for sleep under $40?", {"effects": 0, "interactions": 1}),
)
