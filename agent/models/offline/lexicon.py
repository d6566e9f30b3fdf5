"""Read the word lists beside this file: small words by what they do, words for choices, and small talk."""

from functools import cache
from pathlib import Path

from foundation.text.glossary import lines

HOME = Path(__file__).parent
LISTS = HOME / "lexicon"


def choices() -> dict[str, tuple[str, ...]]:
    """The customers' words for each choice that is no term of the shop's vocabulary."""
    pairs = (line.partition(":") for line in lines(LISTS / "choices.txt"))
    return {choice.strip(): tuple(w.strip() for w in words.split(",")) for choice, _, words in pairs}


@cache
def words() -> dict[str, frozenset[str]]:
    """Small words by what they do in a sentence."""
    pairs = (line.partition(":") for line in lines(LISTS / "words.txt"))
    return {group.strip(): frozenset(members.split()) for group, _, members in pairs}


def smalltalk() -> dict[str, tuple[str, ...]]:
    """Example utterances of each class that no tool answers."""
    return {path.stem: tuple(lines(path)) for path in sorted((HOME / "smalltalk").glob("*.txt"))}
