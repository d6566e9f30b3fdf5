"""Cut a message into clauses that state something; what asks, supposes, wishes or quotes is left out."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from memory.facts.models import ABOUT_THEMSELVES

LONGEST = 4_000
"""Characters that are read."""
LONGEST_CLAUSE = 400

RELATIONS = {
    "mother": "mother|mom|mum|mama|mamá|madre",
    "father": "father|dad|papá|papa|padre",
    "husband": "husband|hubby|esposo|marido",
    "wife": "wife|esposa",
    "partner": "partner|boyfriend|girlfriend|fiance|fiancee|fiancé|fiancée|novio|novia|pareja",
    "sister": "sister|hermana",
    "brother": "brother|hermano",
    "grandmother": "grandmother|grandma|granny|nana|abuela|abuelita",
    "grandfather": "grandfather|grandpa|granddad|abuelo|abuelito",
    "son": "son|hijo",
    "daughter": "daughter|hija",
    "aunt": "aunt|tía",
    "uncle": "uncle|tío",
    "friend": "friend|buddy|roommate|amigo|amiga",
}
RELATION_OF = {word: relation for relation, words in RELATIONS.items() for word in words.split("|")}
RELATION = rf"(?:{'|'.join(sorted(RELATION_OF, key=len, reverse=True))})"
PET = r"(?:dogs?|cats?|pupp(?:y|ies)|kittens?|pets?|horses?|hamster|parrot|perr[oa]s?|gat[oa]s?|mascotas?)"

APOSTROPHES = str.maketrans(dict.fromkeys("\u2018\u2019\u00b4`", "'"))
QUOTED = re.compile(
    r"\"[^\"]*\"|\u201c[^\u201d]*\u201d|\u00ab[^\u00bb]*\u00bb|(?<!\w)'[^'\n]* [^'\n]*'(?!\w)|^>.*$", re.M
)
EXPANSIONS = (
    (re.compile(r"\b(can)(?:'?t|not)\b", re.I), r"\1 not"),
    (re.compile(r"\bwon'?t\b", re.I), "will not"),
    (re.compile(r"\b(do|does|did|is|are|was|were|has|have|had|would|should|could)n'?t\b", re.I), r"\1 not"),
    (re.compile(r"\b(i)'?m\b", re.I), r"\1 am"),
    (re.compile(r"\b(\w+)'re\b", re.I), r"\1 are"),
    (re.compile(r"\b(\w+)'ve\b", re.I), r"\1 have"),
    (re.compile(r"\b(\w+)'ll\b", re.I), r"\1 will"),
    (re.compile(r"\b(i|you|he|she|we|they)'d\b", re.I), r"\1 would"),
    (re.compile(r"\b(he|she|it|that|this|there|what|who)'s\b", re.I), r"\1 is"),
)
SENTENCE = re.compile(r"[^.!?;\n]*(?:\.(?=\d)[^.!?;\n]*)*[.!?;\n]?")
BREAK = re.compile(
    r"\s*(?:,|:|\s-+\s|\s*\u2014\s*)\s*(?:(?:but|and|so|though|because|since|pero|y|porque)\s+)?"
    r"(?=(?:i|my|we|he|she|they|it|these|this|that|nothing|no|not|me|mi|le|es|soy|ya|lo|la|please|actually|so)\b)"
    r"|\s+(?:but|though|because|pero|porque)\s+|\s+and\s+(?=(?:i|my|we|he|she|they|it|nothing)\b)",
    re.I,
)
ASKED_TO_NOTE = re.compile(
    r"^(?:(?:hey|hi|please|so|and)[, ]+)*(?:can|could|would|will) you (?:please )?"
    r"(?:remember|note|keep in mind|make a note|write down)(?: that)?\s+(?P<noted>.+)\?$",
    re.I,
)
QUESTION = re.compile(
    r"\?$|¿|^\W*(?:(?:and|so|but|well|ok|hey|hi|also)[, ]+)*"
    r"(?:what|which|who|whose|where|when|why|how|do|does|did|can|could|are|is|am|was|were|have|has|would|should"
    r"|will|qué|cuál|cuáles|quién|cómo|cuándo|dónde)\b",
    re.I,
)
SUPPOSED = re.compile(
    r"\b(?:if (?:i|my|we|he|she|they|it)|what if|even if|unless|in case|suppose|supposing|imagine|let us say"
    r"|let's say|pretend|hypothetically|say i|maybe|perhaps|might|may (?:be|have|try)|could be|i wish|wonder"
    r"|wondering|not sure|thinking (?:of|about)|considering|i guess|who knows|someday|one day|next year"
    r"|would be|si (?:fuera|tuviera|pudiera|me)|supongamos|imagina|tal vez|quizás?|a lo mejor|ojalá)\b",
    re.I,
)
REPORTED = re.compile(
    r"\b(?:you|the (?:bot|site|label|box|review|assistant|clerk)|people|everyone|someone|somebody|they|he|she"
    rf"|(?:a|my|your|his|her) (?:\w+ )?(?:{RELATION}|doctor|neighbor|boss|coworker))\s+"
    r"(?:just |also |once |always )?(?:have |has )?"
    r"(?:said|say|says|told|tell|tells|mentioned|wrote|write|writes|assertions?|claimed|thinks?|thought|suggested"
    r"|suggest|recommended|recommend|asked|noted)\b"
    r"|\baccording to\b|\bme dij(?:o|iste|eron)\b|\bdices? que\b",
    re.I,
)
LEAD = re.compile(
    r"^(?:(?:heads up|fyi|btw|by the way|just so you know|for the record|please note|note|reminder|remember"
    r"|also|ok|so|okay|hey|hi|hello|well|honestly|ps|oh|yeah|yes|no(?=[,:!])|sorry|actually|look|listen|oye"
    r"|mira|bueno|la verdad|(?:my|the) doctor says)(?: that)?\b[,:!\s-]*)+(?=.)",
    re.I,
)
OTHERS = re.compile(
    rf"\b(?:my|our|the|mi|nuestr[oa]) (?:\w+ )?(?:{PET}|co-?workers?|colleagues?|boss|neighbou?rs?|doctor"
    r"|nurse|landlord|teachers?|kids?|cousins?|nephews?|nieces?|team|guests?|clients?|jef[ea]|vecin[oa]s?)\b",
    re.I,
)
"""Animals, and people who buy nothing through the customer."""
OURS = re.compile(r"\b(?:my|mi) (?:\w+ )?(?P<relation>{RELATION})\b".replace("{RELATION}", RELATION), re.I)


@dataclass(frozen=True)
class Clause:
    text: str
    """With "I'm" and the like written out."""
    somebody: str = ABOUT_THEMSELVES
    """Whom "he", "she" or "they" means here."""


def clauses(message: str) -> Iterator[Clause]:
    """In the order written."""
    somebody = ABOUT_THEMSELVES
    for sentence in _sentences(message):
        for part in BREAK.split(_without_what_is_cited(sentence)):
            text = part.strip(" ,:-")
            text = LEAD.sub("", text)[:LONGEST_CLAUSE]
            if OTHERS.search(text):
                somebody = ABOUT_THEMSELVES
            elif text and not REPORTED.search(text):
                yield Clause(text, somebody)
            named = OURS.search(text)
            if named is not None:
                somebody = RELATION_OF[named["relation"].lower()]


def _without_what_is_cited(sentence: str) -> str:
    """As in "the label says: I am …"."""
    told, colon, _ = LEAD.sub("", sentence).partition(":")
    return told if colon and REPORTED.search(told) else sentence


def _sentences(message: str) -> Iterator[str]:
    text = QUOTED.sub(" ", message[:LONGEST].translate(APOSTROPHES))
    for pattern, written_out in EXPANSIONS:
        text = pattern.sub(written_out, text)
    for found in SENTENCE.finditer(text):
        sentence = found[0].strip()
        noted = ASKED_TO_NOTE.match(sentence)
        if noted is not None:
            yield noted["noted"]
        elif sentence and not QUESTION.search(sentence) and not SUPPOSED.search(sentence):
            yield sentence.rstrip(".!;")
