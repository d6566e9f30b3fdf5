"""Have turns read again by somebody with more time, such as a language model: each once, in its own job."""

from collections.abc import Callable

from foundation.sql import Ledger
from foundation.text.normalise import plain
from memory.conversations.models import Interaction
from memory.facts.clauses import clauses
from memory.facts.learning import WORD, FactLearning, Refiner
from memory.facts.meaning import SPEAKER
from memory.store import MemoryStore
from memory.understanding.store import Reading, Understandings

AT_ONCE = 100


class Refining:
    def __init__(self, ledger: Ledger, learning: Callable[[], FactLearning], refiner: Refiner) -> None:
        self._ledger = ledger
        self._store = MemoryStore(ledger)
        self._understandings = Understandings(ledger)
        self._learning = learning
        self._refiner = refiner

    def hand_over(self, submit: Callable[[str, str], object]) -> int:
        """Give the turns that wait to `submit`, each with whose it is; one that was given may come again."""
        waiting = self._understandings.waiting(limit=AT_ONCE)
        for interaction_id, customer_id in waiting:
            submit(interaction_id, customer_id)
            self._understandings.reread(interaction_id, reading=Reading.ASKED)
        return len(waiting)

    def refine(self, interaction_id: str) -> int:
        """How many facts came of it; nothing of a turn that was refined before, or is gone."""
        turns = [each.interaction for each in self._store.find([interaction_id])]
        if not turns or not self._understandings.is_due(interaction_id):
            return 0
        (turn,) = turns
        claims = self._learning().read_again(turn, self._refiner)
        with self._ledger.transaction():
            is_known = self._store.locked_profile(turn.customer_id) is not None
            if not is_known or not self._understandings.reread(interaction_id, reading=None):
                return 0
            return len(self._learning().keep(turn, claims))


def is_worth_reading_again(turn: Interaction) -> bool:
    """Whether the customer states something in which they speak of themselves or theirs."""
    return any(not SPEAKER.isdisjoint(WORD.findall(plain(clause.text))) for clause in clauses(turn.message))
