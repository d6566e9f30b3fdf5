from agent.models.offline.names import Names
from agent.models.offline.vocabulary import Named

FORMS = ("Gummies, 10 count", "Tincture, 500 mg", "Tincture, 1000 mg", "Lotion", "Cartridge, 1 g")
LINES = ("Game Night", "Still Water", "Deep Pillow", "Early Bird")
MANY = Names(
    [Named("product", f"{line} {form}", f"{line} {form}") for line in LINES for form in FORMS]
    + [Named("product", "prd_owl", "Night Owl Gummies")],
    plain=frozenset({"gummies", "tincture", "lotion", "cartridge", "night"}),
)
FEW = Names(
    [Named("raffle", "rfl_guitar", "Acoustic Guitar Raffle"), Named("raffle", "rfl_spa", "Spa Weekend")]
)


def best(names: Names, words: str, kind: str = "product") -> str | None:
    found = names.best(words.split(), kind=kind)
    return found[0].id if found else None


def test_a_whole_name_is_found_in_a_sentence() -> None:
    assert best(MANY, "how much is the deep pillow lotion please") == "Deep Pillow Lotion"


def test_a_size_tells_two_apart() -> None:
    assert best(MANY, "the still water tincture 1000 mg") == "Still Water Tincture, 1000 mg"


def test_words_that_several_share_stand_for_themselves() -> None:
    assert best(MANY, "tell me about still water tincture") == "still water tincture"


def test_common_words_apart_are_no_name() -> None:
    assert best(MANY, "i am early and the bird sings") is None


def test_a_purpose_is_no_name() -> None:
    assert best(MANY, "what have you got for game night") is None


def test_among_a_few_one_telling_word_is_enough() -> None:
    assert best(FEW, "2 for the guitar", kind="raffle") == "rfl_guitar"
    assert best(FEW, "2 tickets for the raffle", kind="raffle") is None


def test_two_names_in_one_sentence_are_both_found() -> None:
    found = MANY.all("night owl gummies and deep pillow lotion".split(), kind="product")

    assert [named.id for named, _ in found] == ["prd_owl", "Deep Pillow Lotion"]
