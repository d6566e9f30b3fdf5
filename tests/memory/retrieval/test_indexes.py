"""What every index of turns promises, and what is Pinecone's own."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest
import stamina
from pinecone import UnauthorizedError

from demo.fakes.pinecone import FakePinecone, admits
from foundation.sql import Ledger
from memory.conversations.store import ConversationStore, Stored
from memory.embeddings import DIMENSIONS, Vectors
from memory.profiles.models import Profile
from memory.profiles.store import ProfileStore
from memory.retrieval.index.base import TurnIndex, fingerprint
from memory.retrieval.index.local import LocalIndex
from memory.retrieval.index.namespaces import IndexSilent, open_namespaces
from memory.retrieval.index.pinecone import Audit, PineconeIndex, namespace_of
from memory.retrieval.index.watermarks import Marks
from tests.memory.conftest import CHICAGO
from tests.memory.retrieval.test_local_index import LOOKALIKES, axis, stored

KEY = "stand"
A_LINE = {"id": "1", "values": [1.0] * DIMENSIONS, "metadata": {"position": 1, "speaker": "Shop"}}
KINDS = ("local", "pinecone", "pinecone unsettled")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def served_fake() -> Iterator[tuple[FakePinecone, str]]:
    fake = FakePinecone(KEY, DIMENSIONS)
    with fake.serving() as host:
        yield fake, host


@dataclass
class Remote:
    fake: FakePinecone
    conversations: ConversationStore
    profiles: ProfileStore
    marks: Marks
    index: PineconeIndex

    def learn(self, *turns: Stored) -> None:
        """As memory does it: the turns, and how far the customer's memory goes."""
        for turn in turns:
            who = turn.interaction.customer_id
            expected, _ = self.profiles.read(who)
            self.profiles.write(who, Profile(), version=turn.position, expected=expected)
        self.conversations.add(turns)

    def settle(self, customer_id: str = "cus_ana") -> None:
        while self.index.settle(customer_id):
            pass


@pytest.fixture
def remote(served_fake: tuple[FakePinecone, str], ledger: Ledger) -> Iterator[Remote]:
    fake, host = served_fake
    fake.spaces.clear()
    fake.catch_up()
    fake.spaces.clear()
    fake.troubles.clear()
    fake.is_late = False
    fake.retry_after_seconds = 0
    conversations, profiles, marks = ConversationStore(ledger), ProfileStore(ledger), Marks(ledger)
    namespaces = open_namespaces(host, KEY, timeout_seconds=0.3)
    with closing(namespaces), stamina.set_testing(True, attempts=3, cap=True):
        index = PineconeIndex(conversations, profiles, marks=marks, namespaces=namespaces, zone=CHICAGO)
        yield Remote(fake, conversations, profiles, marks, index)


def names(index: TurnIndex, question: str, vector: Vectors, *, customer_id: str = "cus_ana") -> list[str]:
    found = index.open(customer_id).search(question, vector, limit=3)
    return [match.interaction.id.removeprefix("trn_") for match in found]


@pytest.mark.parametrize("kind", KINDS)
class TestEveryIndex:
    @pytest.fixture
    def made(self, kind: str, remote: Remote) -> tuple[TurnIndex, Callable[..., None]]:
        local = LocalIndex(remote.conversations, zone=CHICAGO)

        def learn(*turns: Stored) -> None:
            remote.learn(*turns)
            if kind == "pinecone":
                for who in {turn.interaction.customer_id for turn in turns}:
                    remote.settle(who)

        return (local if kind == "local" else remote.index), learn

    def test_the_closest_in_meaning_is_found_among_many(
        self, made: tuple[TurnIndex, Callable[..., None]]
    ) -> None:
        index, learn = made
        learn(*(stored(number) for number in range(1, 120)))

        assert names(index, "qqq", axis(77))[0] == "cus_ana_77"

    def test_words_are_found_without_meaning(self, made: tuple[TurnIndex, Callable[..., None]]) -> None:
        index, learn = made
        learn(stored(1), stored(2, message="a tincture with hemp"), stored(3))

        found = index.open("cus_ana").search("Tinctures?", axis(9), limit=3)

        assert [(match.interaction.id, match.shared) for match in found] == [
            ("trn_cus_ana_2", ("tinctures",))
        ]

    def test_nobody_finds_what_another_said(self, made: tuple[TurnIndex, Callable[..., None]]) -> None:
        index, learn = made
        learn(stored(1, customer_id="cus_bob"))
        learn(stored(1, customer_id="cus_ana", message="raffle"))

        assert names(index, "gummies", axis(1)) == ["cus_ana_1"]
        assert names(index, "gummies", axis(1), customer_id="cus_an") == []
        assert index.open("cus_ana_1").recent(3) == []

    def test_what_was_just_learned_is_there(self, made: tuple[TurnIndex, Callable[..., None]]) -> None:
        index, learn = made
        learn(stored(1))
        names(index, "gummies", axis(1))

        learn(stored(2))

        assert names(index, "qqq", axis(2)) == ["cus_ana_2"]
        assert [turn.id for turn in index.open("cus_ana").recent(1)] == ["trn_cus_ana_2"]

    def test_erased_is_erased(
        self, made: tuple[TurnIndex, Callable[..., None]], remote: Remote, ledger: Ledger
    ) -> None:
        index, learn = made
        learn(stored(1))
        names(index, "gummies", axis(1))
        with ledger.transaction() as connection:
            connection.exec_driver_sql("DELETE FROM interactions")

        index.erase("cus_ana")

        assert names(index, "gummies", axis(1)) == []
        assert index.left("cus_ana") == 0
        assert namespace_of("cus_ana") not in remote.fake.spaces
        assert remote.marks.position("cus_ana") == 0
        index.erase("cus_nobody")

    def test_ids_that_look_alike_are_strangers(self, made: tuple[TurnIndex, Callable[..., None]]) -> None:
        index, learn = made
        for number, who in enumerate(LOOKALIKES, 1):
            learn(stored(number, customer_id=who))

        found = [
            names(index, "gummies", axis(number), customer_id=who) for number, who in enumerate(LOOKALIKES, 1)
        ]

        assert found == [[f"{who}_{number}"] for number, who in enumerate(LOOKALIKES, 1)]
        assert all(index.open(who).recent(9) == [] for who in ("__default__", "cus_", "%"))


class TestPineconeIndex:
    def test_the_mark_moves_over_what_is_seen_not_over_what_was_sent(self, remote: Remote) -> None:
        remote.fake.is_late = True
        remote.learn(stored(1), stored(2))

        waiting = remote.index.settle("cus_ana"), remote.index.settle("cus_ana")
        mark = remote.marks.position("cus_ana")
        remote.fake.catch_up()

        assert (waiting, mark) == ((2, 2), 0)
        assert remote.index.settle("cus_ana") == 0
        assert remote.marks.position("cus_ana") == 2

    def test_late_writes_are_filled_in_from_the_ledger(self, remote: Remote) -> None:
        remote.learn(stored(1))
        remote.settle()
        remote.fake.is_late = True
        remote.learn(stored(2))
        remote.index.settle("cus_ana")

        assert names(remote.index, "qqq", axis(2)) == ["cus_ana_2"]
        assert names(remote.index, "qqq", axis(1)) == ["cus_ana_1"]

    def test_only_customers_that_are_behind_are_settled(self, remote: Remote) -> None:
        for who in ("cus_a", "cus_b", "cus_c"):
            remote.learn(stored(1, customer_id=who))
        remote.settle("cus_b")

        assert remote.index.settle_all(customers=10) == 2
        assert remote.index.settle_all(customers=10) == 2
        assert remote.index.settle_all(customers=10) == 0

    def test_drift_is_found_and_mended(self, remote: Remote) -> None:
        remote.learn(*(stored(number) for number in range(1, 60)))
        remote.settle()
        space = remote.fake.spaces[namespace_of("cus_ana")]
        lost = f"{fingerprint('trn_cus_ana_7')}#Shop"
        del space[lost]
        space["gone#Customer"] = space[f"{fingerprint('trn_cus_ana_3')}#Customer"]

        found = remote.index.repair("cus_ana")
        remote.settle()

        assert found.missing == {lost}
        assert found.stray == {"gone#Customer"}
        assert not remote.index.drift("cus_ana")
        assert remote.marks.position("cus_ana") == 59

    def test_what_the_ledger_forgot_is_not_shown_though_the_index_has_it(
        self, remote: Remote, ledger: Ledger
    ) -> None:
        remote.learn(stored(1), stored(2))
        remote.settle()
        with ledger.transaction() as connection:
            connection.exec_driver_sql("DELETE FROM interactions WHERE position = 1")

        assert names(remote.index, "gummies", axis(1)) == ["cus_ana_2"]

    def test_who_was_forgotten_meanwhile_does_not_come_back(self, remote: Remote) -> None:
        remote.learn(stored(1))
        remote.profiles.bar("cus_ana")

        remote.index.settle("cus_ana")

        assert namespace_of("cus_ana") not in remote.fake.spaces

    def test_mark_of_somebody_forgotten_does_not_come_back(self, remote: Remote) -> None:
        remote.learn(stored(1))
        remote.profiles.bar("cus_ana")

        remote.marks.move("cus_ana", 1)

        assert remote.marks.position("cus_ana") == 0

    def test_whole_index_is_audited_and_mended_by_sizes(self, remote: Remote) -> None:
        for who in ("cus_a", "cus_b", "cus_c", "cus_d"):
            remote.learn(stored(1, customer_id=who), stored(2, customer_id=who))
            remote.settle(who)
        remote.learn(stored(3, customer_id="cus_d"))
        spaces = remote.fake.spaces
        spaces.pop(namespace_of("cus_a"))
        spaces[namespace_of("cus_b")].update({f"{number}#Shop": A_LINE for number in range(9)})
        spaces[namespace_of("cus_gone")]["1#Shop"] = A_LINE
        spaces["of others"]["1"] = A_LINE

        found, mended = remote.index.audit(), remote.index.repair_all()
        for who in ("cus_a", "cus_d"):
            remote.settle(who)

        assert sorted(found.differing) == ["cus_a", "cus_b"]
        assert list(found.strays) == [namespace_of("cus_gone")]
        assert mended == 3
        assert remote.index.audit() == Audit([], [])
        assert not any(remote.index.drift(who) for who in ("cus_a", "cus_b", "cus_c", "cus_d"))
        assert "of others" in spaces

    def test_what_is_erased_is_left_until_pinecone_shows_that_it_is_gone(self, remote: Remote) -> None:
        remote.learn(stored(1))
        remote.settle()
        remote.fake.is_late = True

        remote.index.erase("cus_ana")
        left = remote.index.left("cus_ana")
        remote.fake.catch_up()

        assert (left, remote.index.left("cus_ana")) == (2, 0)

    def test_a_wait_beyond_a_customers_patience_is_not_waited(self, remote: Remote) -> None:
        remote.learn(stored(1))
        remote.settle()
        remote.fake.troubles.extend([429] * 5)
        remote.fake.retry_after_seconds = 60
        before = remote.fake.asked

        with pytest.raises(IndexSilent) as silent:
            names(remote.index, "gummies", axis(1))

        assert silent.value.retry_after_seconds == 60
        assert remote.fake.asked == before + 1

    @pytest.mark.parametrize("troubles", [(429,), (500, 503), (0,)], ids=["busy", "broken", "slow"])
    def test_a_bad_moment_is_lived_through(self, remote: Remote, troubles: tuple[int, ...]) -> None:
        remote.learn(stored(1))
        remote.settle()
        remote.fake.troubles.extend(troubles)
        before = remote.fake.asked

        assert names(remote.index, "qqq", axis(1)) == ["cus_ana_1"]
        assert remote.fake.asked - before == len(troubles) + 1

    @pytest.mark.parametrize("trouble", [500, 0], ids=["broken", "slow"])
    def test_a_bad_day_is_told_and_the_last_turns_are_still_read(self, remote: Remote, trouble: int) -> None:
        remote.learn(stored(1))
        remote.settle()
        remote.fake.troubles.extend([trouble] * 50)
        before = remote.fake.asked
        turns = remote.index.open("cus_ana")

        with pytest.raises(IndexSilent):
            turns.search("gummies", axis(1), limit=3)

        assert remote.fake.asked - before == 3
        assert [turn.id for turn in turns.recent(3)] == ["trn_cus_ana_1"]

    def test_a_wrong_key_is_not_tried_again(
        self, remote: Remote, served_fake: tuple[FakePinecone, str]
    ) -> None:
        _, host = served_fake
        before = remote.fake.asked

        with (
            closing(open_namespaces(host, "another")) as namespaces,
            pytest.raises(UnauthorizedError),
        ):
            namespaces.names("cus_ana")

        assert remote.fake.asked == before + 1


@pytest.mark.parametrize(
    ("condition", "is_admitted"),
    [
        (None, True),
        ({"position": 3}, True),
        ({"position": {"$gte": 3, "$lt": 4}}, True),
        ({"position": {"$gt": 3}}, False),
        ({"speaker": {"$in": ["Shop"]}}, False),
        ({"speaker": {"$nin": ["Shop"]}, "position": {"$ne": 3}}, False),
        ({"$or": [{"position": 9}, {"speaker": "Customer"}]}, True),
        ({"$and": [{"position": 3}, {"speaker": "Shop"}]}, False),
        ({"missing": {"$exists": False}}, True),
        ({"missing": {"$ne": 1}}, False),
    ],
)
def test_the_stand_filters_by_metadata(condition: dict[str, object] | None, is_admitted: bool) -> None:  # noqa: FBT001
    assert admits(condition, {"position": 3, "speaker": "Customer"}) is is_admitted
