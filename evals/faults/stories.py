"""What is said while processes are killed, and what must come of it."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Story:
    """`before` is said in peace; during the answer to `message` somebody is killed.

    `comes_of_it` keeps the suite honest: a story that brings less about proves nothing.
    """

    name: str
    message: str
    comes_of_it: Mapping[str, int]
    before: tuple[str, ...] = ()


STORIES = (
    Story("proposal", "make me a gold member", {"question that is waiting": 1, "charges": 0}),
    Story(
        "membership",
        "yes",
        {"memberships": 1, "charges": 1, "effects": 1, "event of memberships": 1, "interactions": 2},
        before=("make me a gold member",),
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
