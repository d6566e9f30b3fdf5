"""What customers' purchases suggest of them, kept as facts that their own word outweighs."""

from collections.abc import Callable, Mapping

from sqlalchemy import Connection

from foundation.sql import Ledger
from memory.facts.models import Assertion, Origin
from memory.facts.store import Facts
from memory.predictions import purchases

AT_ONCE = 200
A_NIGHT = 10_000
"""Customers; the rest wait for the next night."""

Progress = Callable[[str, int], object]


class Suggestions:
    def __init__(
        self,
        ledger: Ledger,
        facts: Facts,
        categories: Callable[[], Mapping[str, str]],
        *,
        is_barred: Callable[[str], bool],
    ) -> None:
        """categories: of each product. is_barred: whether a customer was erased."""
        self._ledger = ledger
        self._facts = facts
        self._categories = categories
        self._is_barred = is_barred

    def run(self, *, progress: Progress = lambda _part, _done: None) -> int:
        """For customers whose purchases changed since the last run; how many. It resumes after a stop."""
        done, categories = 0, self._categories()
        while done < A_NIGHT:
            with self._ledger.transaction() as connection:
                customers = purchases.changed(connection, limit=AT_ONCE)
                for customer_id in customers:
                    if not self._is_barred(customer_id):
                        self._suggest(connection, customer_id, categories)
            if not customers:
                break
            done += len(customers)
            progress("suggested", len(customers))
        return done

    def _suggest(self, connection: Connection, customer_id: str, categories: Mapping[str, str]) -> None:
        """Keep what is new of it, and take back what no longer holds."""
        suggested = purchases.behaviour(connection, customer_id).suggests(categories)
        held = [each for each in self._facts.current(customer_id) if each.origin is Origin.BEHAVIOUR]
        known = {(each.predicate, each.value, each.confidence) for each in held}
        new = [each for each in suggested if (each.predicate, each.value, each.confidence) not in known]
        predicates = {each.predicate for each in suggested}
        over = [
            Assertion(each.predicate, each.value, holds=False, origin=Origin.BEHAVIOUR)
            for each in held
            if each.predicate not in predicates
        ]
        self._facts.record(customer_id, [*new, *over], source=None)
