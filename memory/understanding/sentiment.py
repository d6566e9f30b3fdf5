"""How a customer feels by what they write: VADER (Hutto and Gilbert 2014), with the shop's words."""

import re
from functools import cache
from pathlib import Path

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from foundation.text.language import Language
from foundation.text.normalise import APOSTROPHES, plain

WORDS = Path(__file__).with_name("words")
LANGUAGES: dict[Language, str] = {"en": "english", "es": "spanish"}
OPENING_MARKS = str.maketrans("¿¡", "  ")
LONGEST = 2_000
"""Characters that are weighed; who writes more has said how they feel by then."""


def sentiment_of(text: str, language: Language | None) -> float | None:
    """None for words that we cannot weigh, which is not the same as 0."""
    if language is None:
        return None
    words = text[:LONGEST].translate(APOSTROPHES)
    if language == "es":
        words = plain(words).translate(OPENING_MARKS)
    weighed: float = _analyser().polarity_scores(_reworded(words, language))["compound"]
    return weighed


def _reworded(text: str, language: Language) -> str:
    """With the phrases that weigh otherwise replaced; in Spanish that is every word that weighs."""
    pattern, meanings = _phrases(language)
    return pattern.sub(lambda phrase: meanings[phrase[0].casefold()], text)


@cache
def _analyser() -> SentimentIntensityAnalyzer:
    analyser = SentimentIntensityAnalyzer()
    for line in _lines("sentiment.txt"):
        value, _, words = line.partition(":")
        analyser.lexicon.update({word.strip(): float(value) for word in words.split(",")})
    return analyser


@cache
def _phrases(language: Language) -> tuple[re.Pattern[str], dict[str, str]]:
    """The longest first."""
    pairs = (line.partition(" = ") for line in _lines(f"{LANGUAGES[language]}.txt"))
    meanings = {phrase: meant for phrase, _, meant in pairs}
    longest_first = sorted(meanings, key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, longest_first))})\b", re.I), meanings


def _lines(name: str) -> list[str]:
    lines = (WORDS / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]
