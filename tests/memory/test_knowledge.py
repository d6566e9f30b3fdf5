from concurrent.futures import ThreadPoolExecutor

import pytest

from foundation.errors import Invalid
from foundation.sql import Ledger
from memory.embeddings import Embedder
from memory.knowledge.passages import LONGEST, Passage, passages
from memory.knowledge.service import DocumentUnknown, Knowledge
from tests.fakes import FakeClock

RETURNS = """# Returns and refunds

Unopened goods may be returned within 30 days of delivery.

## Opened goods

What was opened can only come back when it is faulty.
Send us a photo and we decide within two days.

## How money comes back

Refunds go to the card that paid, within five days.
"""
SHIPPING = """# Delivery

We deliver within Texas in two to four days. Orders above $75 travel free.

```
# not a heading
```
"""


@pytest.fixture
def knowledge(ledger: Ledger, embedder: Embedder, clock: FakeClock) -> Knowledge:
    return Knowledge(ledger, embedder, now=clock)


class TestPassages:
    def test_each_carries_the_headings_it_stands_under(self) -> None:
        assert [each.headings for each in passages(RETURNS)] == [
            ("Returns and refunds",),
            ("Returns and refunds", "Opened goods"),
            ("Returns and refunds", "How money comes back"),
        ]

    def test_heading_beside_another_replaces_it(self) -> None:
        cut = passages("# A\n\none\n\n### B\n\ntwo\n\n## C\n\nthree")

        assert cut == [Passage(("A",), "one"), Passage(("A", "B"), "two"), Passage(("A", "C"), "three")]

    def test_code_is_no_heading(self) -> None:
        assert [each.headings for each in passages(SHIPPING)] == [("Delivery",)]

    @pytest.mark.parametrize(
        "text", ["word " * 2_000, "x" * 5_000, "A sentence of some length. " * 300, "para\n\n" * 900]
    )
    def test_none_is_too_long_and_nothing_is_lost(self, text: str) -> None:
        cut = passages(text)

        assert max(len(each.text) for each in cut) <= LONGEST
        assert "".join("".join(each.text.split()) for each in cut) == "".join(text.split())

    @pytest.mark.parametrize("text", ["", "\n\n", "# Only a title"])
    def test_what_says_nothing_has_none(self, text: str) -> None:
        assert passages(text) == []


class TestSearch:
    def test_passage_is_found_by_meaning_and_cited(self, knowledge: Knowledge) -> None:
        knowledge.publish("returns", RETURNS, by="stf_sam")
        knowledge.publish("delivery", SHIPPING, by="stf_sam")

        best = knowledge.search("how long until I get my money back?")[0]

        assert best.id == "returns@1#3"
        assert best.passage.text == "Refunds go to the card that paid, within five days."

    def test_what_has_nothing_to_do_with_it_is_not_found(self, knowledge: Knowledge) -> None:
        knowledge.publish("returns", RETURNS, by="stf_sam")

        assert knowledge.search("who won the football match last night") == []
        assert knowledge.search("  ") == []

    def test_replaced_text_never_comes_back(self, knowledge: Knowledge, ledger: Ledger) -> None:
        knowledge.publish("returns", RETURNS, by="stf_sam")
        assert "30 days" in knowledge.search("return unopened goods")[0].passage.text
        elsewhere = Knowledge(ledger, knowledge._embedder, now=knowledge._now)

        elsewhere.publish("returns", RETURNS.replace("30 days", "14 days"), by="stf_sam")

        found = knowledge.search("return unopened goods", limit=20)
        assert found[0].id == "returns@2#1"
        assert not [each for each in found if "30 days" in each.passage.text]

    def test_retired_document_is_found_no_more(self, knowledge: Knowledge) -> None:
        knowledge.publish("returns", RETURNS, by="stf_sam")
        knowledge.search("return unopened goods")

        knowledge.retire("returns")

        assert knowledge.search("return unopened goods") == []
        assert knowledge.documents() == []
        assert [each.version for each in knowledge.history("returns")] == [1]

    def test_retired_document_may_be_published_again(self, knowledge: Knowledge) -> None:
        knowledge.publish("returns", RETURNS, by="stf_sam")
        knowledge.retire("returns")

        again = knowledge.publish("returns", RETURNS, by="stf_sam")

        assert again.version == 2
        assert knowledge.search("return unopened goods")[0].id == "returns@2#1"


class TestPublish:
    def test_same_text_again_changes_nothing(self, knowledge: Knowledge) -> None:
        first = knowledge.publish("returns", RETURNS, by="stf_sam")

        assert knowledge.publish("returns", RETURNS, by="stf_kim") == first

    def test_two_at_once_are_two_versions(self, knowledge: Knowledge) -> None:
        texts = [RETURNS.replace("30", str(days)) for days in range(10, 14)]

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda text: knowledge.publish("returns", text, by="stf_sam"), texts))

        assert [each.version for each in knowledge.history("returns")] == [4, 3, 2, 1]
        assert len(knowledge.documents()) == 1

    @pytest.mark.parametrize(
        ("document_id", "markdown"),
        [("Returns", RETURNS), ("", RETURNS), ("a/b", RETURNS), ("ok", ""), ("ok", "x" * 200_001)],
    )
    def test_odd_ones_are_refused(self, knowledge: Knowledge, document_id: str, markdown: str) -> None:
        with pytest.raises(Invalid):
            knowledge.publish(document_id, markdown, by="stf_sam")

        assert knowledge.documents() == []

    def test_unknown_one_cannot_be_retired(self, knowledge: Knowledge) -> None:
        with pytest.raises(DocumentUnknown):
            knowledge.retire("nothing")
