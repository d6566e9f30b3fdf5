"""Have a language model extract facts from turns: each turn once, in a job of its own."""

from collections.abc import Callable

from foundation.sql import Ledger
from foundation.text.normalise import plain
from memory.conversations.models import Interaction
from memory.conversations.store import ConversationStore
from memory.facts.clauses import clauses
from memory.facts.learning import WORD, FactExtractor, FactLearning
from memory.facts.meaning import SPEAKER
from memory.profiles.store import ProfileStore
from memory.understanding.store import Reading, Understandings

AT_ONCE = 100


class FactExtraction:
    def __init__(
        self, ledger: Ledger, learning: Callable[[], FactLearning], extractor: FactExtractor
    ) -> None:
        self._ledger = ledger
        self._conversations = ConversationStore(ledger)
        self._profiles = ProfileStore(ledger)
        self._understandings = Understandings(ledger)
        self._learning = learning
        self._extractor = extractor

    def submit_waiting(self, submit: Callable[[str, str], object]) -> int:
        """Submit the turns that wait, each with its customer; a turn may be submitted again."""
        waiting = self._understandings.waiting(limit=AT_ONCE)
        for interaction_id, customer_id in waiting:
            submit(interaction_id, customer_id)
            self._understandings.reread(interaction_id, reading=Reading.ASKED)
        return len(waiting)

    def extract(self, interaction_id: str) -> int:
        """How many facts were found; none in a turn that the model has read before, or that was erased."""
        turns = [each.interaction for each in self._conversations.find([interaction_id])]
        if not turns or not self._understandings.is_due(interaction_id):
            return 0
        (turn,) = turns
        assertions = self._learning().read_again(turn, self._extractor)
        with self._ledger.transaction():
            is_known = self._profiles.locked(turn.customer_id) is not None
            if not is_known or not self._understandings.reread(interaction_id, reading=None):
                return 0
            return len(self._learning().keep(turn, assertions))


def is_worth_reading_again(turn: Interaction) -> bool:
    """Whether the customer states something in which they speak of themselves or theirs."""
    return any(not SPEAKER.isdisjoint(WORD.findall(plain(clause.text))) for clause in clauses(turn.message))
