from dataclasses import replace
from datetime import timedelta

from foundation.sql import Ledger
from memory.understanding.models import Entity, Intent, Understanding
from memory.understanding.store import Understandings
from tests.memory.conftest import NOON, TURN

HEARD = Understanding("en", 0.4, Intent("search_products", 0.9), (Entity("effect", "sleep", "", 0, 0, 0.93),))


def test_what_was_understood_at_first_stays(ledger: Ledger) -> None:
    understandings = Understandings(ledger)
    understandings.keep({TURN: HEARD})

    understandings.keep({TURN: replace(HEARD, sentiment=-1.0), replace(TURN, id="trn_2"): HEARD})

    assert understandings.of("cus_ana") == {"trn_1": HEARD, "trn_2": HEARD}
    assert understandings.of("cus_ben") == {}


def test_what_is_older_than_a_moment_goes(ledger: Ledger) -> None:
    understandings = Understandings(ledger)
    understandings.keep({TURN: HEARD, replace(TURN, id="trn_2", at=NOON + timedelta(days=1)): HEARD})

    understandings.drop_before(NOON + timedelta(hours=1))

    assert set(understandings.of("cus_ana")) == {"trn_2"}
