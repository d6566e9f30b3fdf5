import json
from pathlib import Path

import numpy as np
import pytest

from evals.benchmarks.recall import learning, locomo, timing
from evals.benchmarks.recall.learning import Lesson, evaluation_lessons, figures, learn, recipe
from evals.benchmarks.recall.mem0_runner import Answers
from foundation.settings import load_settings
from memory.embeddings import Embedder, load_embedder
from memory.retrieval.ranker import FUSED, LEARNED, LEARNED_FILE, Weights

TALK = {
    "conversation": {
        "speaker_a": "Ana",
        "speaker_b": "Bob",
        "session_1_date_time": "1:56 pm on 8 May, 2023",
        "session_1": [
            {"speaker": "Ana", "dia_id": "D1:1", "text": "My cat is called Mitten."},
            {"speaker": "Bob", "dia_id": "D1:2", "text": "Look!", "blip_caption": "a dog on a beach"},
        ],
        "session_2_date_time": "9:00 am on 1 June, 2023",
        "session_2": [{"speaker": "Bob", "dia_id": "D2:1", "text": "I learned to bake bread."}],
    },
    "qa": [
        {"question": "What is Ana's cat called?", "evidence": ["D1:1"], "category": 4},
        {"question": "What did Bob do in June?", "evidence": ["D2:1; D9:9"], "category": 2},
        {"question": "What does nobody know?", "evidence": [], "category": 3},
        {"question": "Which dog did Bob show?", "evidence": ["D1:2"], "category": 5},
    ],
}


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return load_embedder(load_settings().var / "models")


@pytest.fixture(scope="module")
def conversations(embedder: Embedder, tmp_path_factory: pytest.TempPathFactory) -> list[locomo.Conversation]:
    folder = tmp_path_factory.mktemp("data")
    (folder / "locomo_some.json").write_text(json.dumps([TALK]))
    return locomo.read(folder, embedder)


class TestLocomo:
    def test_a_file_is_read_with_days_captions_sessions_and_evidence(
        self, conversations: list[locomo.Conversation]
    ) -> None:
        (conversation,) = conversations

        assert [line.text for line in conversation.lines][1] == "Look! [a dog on a beach]"
        assert [line.day for line in conversation.lines] == ["8 May 2023", "8 May 2023", "1 June 2023"]
        assert conversation.sessions.tolist() == [1, 1, 2]
        assert [asked.evidence for asked in conversation.questions] == [(0,), (2,), (1,)]

    def test_our_ranking_finds_what_was_asked_for(self, conversations: list[locomo.Conversation]) -> None:
        found = locomo.figures(locomo.evaluate(conversations, locomo.ranked(conversations)))

        assert found["questions"] == 2
        assert found["MRR"] == found["session R@5"] == 1

    def test_a_ranking_is_evaluated_by_recall_rank_and_session(
        self, conversations: list[locomo.Conversation]
    ) -> None:
        reversed_order = locomo.evaluate(conversations, lambda _, __: np.array([2, 1, 0]))

        assert [each.reciprocal for each in reversed_order] == [1 / 3, 1, 1 / 2]
        assert [each.session_place for each in reversed_order] == [2, 1, 2]

    def test_results_of_a_peer_are_evaluated_likewise(self, conversations: list[locomo.Conversation]) -> None:
        answers = Answers(conversations, [[[0], [], [2]]])

        assert [answers.rank(conversations[0], number).tolist()[0] for number in range(3)] == [0, 0, 2]
        assert sorted(answers.rank(conversations[0], 2).tolist()) == [0, 1, 2]


class TestLearning:
    def test_the_informative_signal_gets_the_weight(self) -> None:
        rng = np.random.default_rng(1)
        given = []
        for _ in range(60):
            signals = rng.normal(size=(20, len(FUSED))).astype(np.float32)
            given.append(Lesson(signals, (int(signals[:, 0].argmax()),)))

        learned = learn(given, trust=0.001)

        assert learned.meaning == max(learned)
        assert figures(given, learned)["shop MRR"] > 0.9 > figures(given, FUSED)["shop MRR"]

    def test_without_informative_lessons_the_weights_by_hand_stay(self) -> None:
        same = Lesson(np.ones((5, len(FUSED)), np.float32), (2,))

        assert learn([same]) == pytest.approx(FUSED, abs=0.01)

    def test_the_weights_in_use_come_from_this_very_recipe(self) -> None:
        kept = json.loads(LEARNED_FILE.read_text())

        assert Weights(**kept["weights"]) == LEARNED
        assert kept["recipe"] == recipe(), f"run `python -m {learning.__name__}`"

    def test_the_weights_in_use_are_better_than_those_by_hand(self, embedder: Embedder) -> None:
        lessons = evaluation_lessons(embedder, talks=1)

        by_hand, learned = figures(lessons, FUSED), figures(lessons, LEARNED)

        assert learned["shop MRR"] > by_hand["shop MRR"]


class TestTiming:
    def test_one_customer_among_many_is_searched_exactly(self) -> None:
        found = timing.many_customers(vectors=500, times=5)

        assert found["vectors"] == 500
        assert found["filtered search recall@10"] == 1


def test_the_peer_needs_nothing_of_ours() -> None:
    source = (Path(locomo.__file__).with_name("mem0_program.py")).read_text()

    assert "from evals" not in source
    assert "from memory" not in source
