"""What customers call things, and the words of a request that name nothing."""

import re

from commerce.inventory.models import Category, Effect, Flavour

WORD = re.compile(r"[a-z0-9]+")

_SPOKEN = {
    "flower": "bud buds nug nugs weed smoke smokable preroll prerolls roll rolls joint joints",
    "vape": "cart carts cartridge cartridges vaporizer vaping vapes pen pens disposable disposables",
    "edible": "edibles gummy gummies chocolate chocolates candy candies chew chews snack snacks eat",
    "tincture": "tinctures oil oils drops sublingual",
    "topical": "topicals cream creams balm balms lotion lotions salve salves rub roller",
    "accessory": "accessories grinder grinders papers pipe pipes tray trays",
    "calm": "calming relax relaxing relaxed relaxation chill unwind stress stressed anxious anxiety mellow",
    "sleep": "sleepy sleeping asleep insomnia bedtime night nighttime rest restful drowsy",
    "focus": "focused concentrate concentration clarity clear study work",
    "energy": "energetic energizing energising uplifting awake boost daytime morning",
    "relief": "sore soreness ache aches aching pain painful muscle muscles recovery",
    "social": "party friends talkative giggly fun",
    "citrus": "lemon lime orange grapefruit tangerine",
    "berry": "berries blueberry strawberry raspberry blackberry",
    "mint": "minty peppermint menthol",
    "earthy": "earth woody musky",
    "floral": "flowery lavender rose",
    "sweet": "sugary sugar honey vanilla",
    "spicy": "spice pepper peppery ginger",
}
MEANINGS = {spoken: meant for meant, every in _SPOKEN.items() for spoken in every.split()}
"""A customer's word, used where the catalogue does not have that word itself."""

_UNTOLD = (
    "a an and any anything are at be can could do does dollar dollars find for from get give good got "
    "had has have help hemp hi how i if in is it item items like looking me more most my need not of "
    "on one or our please product products really recommend recommendation show so some something "
    "stuff suggest than that the them then there thing things this to too try under us very want was "
    "we what whats which with would you your"
)
NOISE = frozenset(_UNTOLD.split())


def words_of(text: str) -> list[str]:
    return WORD.findall(text.lower())


def singular(word: str) -> str:
    if word.endswith("ies") and len(word) > len("pies"):
        return word[:-3] + "y"
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > len("gas") else word


_TERMS = {term.value for vocabulary in (Category, Effect, Flavour) for term in vocabulary}
_OTHER_TOPICS = {
    "budget": "budget spend price prices cheap expensive dollars",
    "allergy": "allergy allergic allergies intolerant",
}
_TOPICS = (
    MEANINGS
    | {spoken: topic for topic, every in _OTHER_TOPICS.items() for spoken in every.split()}
    | {term: term for term in _TERMS}
)


def topic_of(text: str) -> str | None:
    """What a remark is about, in the shop's own terms; None when it uses none of them."""
    words = (singular(word) if singular(word) in _TOPICS else word for word in words_of(text))
    return next((_TOPICS[word] for word in words if word in _TOPICS), None)
