"""The ways in which customers state things (`rules.txt`), and what each of them asserts."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from foundation.text.numerals import SAID
from memory.facts.clauses import OURS, RELATION, RELATION_OF, Clause
from memory.facts.models import ABOUT_THEMSELVES

RULES = Path(__file__).with_name("rules.txt")
SURE, UNSURE = 0.9, 0.8
HEADING = re.compile(r"\[(?P<predicate>.+?)(?: reads (?P<reads>\w+)| = (?P<value>.+?))(?P<mark> [?-])?\]")

PARTS: Mapping[str, str] = {
    "WHO": rf"(?P<who>i|we|he|she|they|my (?:\w+ )?{RELATION})",
    "BE": r"(?:am|is|are)",
    "NOT": r"(?P<not>not |no longer |not actually |never )?",
    "GONE": r"(?P<not>(?:do|does|did) not |no longer |used to |stopped |quit )",
    "THING": r"(?P<thing>.+?)",
    "AMOUNT": rf"\$? ?\b(?P<thing>{SAID})\b",
    "RELATION": rf"(?P<thing>{RELATION})",
    "IT": r"(?:it|them|this|these|that|those|mine|one|some|(?:my |the )?\w+(?: \w+)?)",
    "GIFT": r"(?:a gift |a present |a birthday gift |intended |meant )?",
    "NEAR": r"(?:about |around |roughly |like |up to |at most |max |only |still |now |just |more like |at )*",
    "LIVES": r"(?:over |out |down |up |here |back )?",
    "RATHER": r"\b(?:rather (?:you )?(?:get |have )?|prefer (?:to get )?|please (?:only )?|only |just )",
    "ADVERB": r"(?:(?:really|just|honestly|actually|always|only|also|still|mostly|mainly|usually|generally"
    r"|now|definitely|ever|absolutely|kinda|totally|simply|truly|quite|so|very|severely|terribly|recently|already"
    r"|pretty much|kind of|sort of|a bit|normally|typically|strictly|much|never) )*",
}


@dataclass(frozen=True)
class Rule:
    predicate: str
    reads: str
    """How its words are read; empty where the rule has the value."""
    value: str
    holds: bool
    confidence: float


@dataclass(frozen=True)
class Reading:
    rule: Rule
    subject: str
    words: str
    """Those that say the value, and what follows them."""


def readings(clause: Clause) -> Iterator[Reading]:
    for rule, pattern in COMPILED:
        found = pattern.search(clause.text)
        if found is not None:
            groups = found.groupdict()
            subject = _subject(groups, clause)
            if subject is not None:
                denied = replace(rule, holds=False) if groups.get("not") else rule
                yield Reading(denied, subject, groups.get("thing") or "")


def _subject(groups: Mapping[str, str | None], clause: Clause) -> str | None:
    """None for "he" or "they" where nobody was named."""
    who = (groups.get("who") or "i").lower()
    if who not in ("i", "we"):
        named = RELATION_OF.get(who.rpartition(" ")[2])
        return named or (clause.somebody if clause.somebody != ABOUT_THEMSELVES else None)
    if "who" in groups or not THEIRS.search(clause.text):
        return ABOUT_THEMSELVES
    ours = OURS.search(clause.text)
    if ours is not None:
        return RELATION_OF[ours["relation"].lower()]
    return clause.somebody if clause.somebody != ABOUT_THEMSELVES else None


def _rules() -> Iterator[tuple[Rule, re.Pattern[str]]]:
    rule = Rule("", "", "", holds=True, confidence=SURE)
    for line in RULES.read_text(encoding="utf-8").splitlines():
        heading = HEADING.fullmatch(line)
        if heading is not None:
            mark = (heading["mark"] or "").strip()
            rule = Rule(
                heading["predicate"],
                heading["reads"] or "",
                heading["value"] or "",
                holds=mark != "-",
                confidence=UNSURE if mark == "?" else SURE,
            )
        elif line and not line.startswith("#"):
            yield rule, re.compile(_written_out(line), re.I)


def _written_out(pattern: str) -> str:
    for name, part in PARTS.items():
        pattern = pattern.replace(f"{{{name}}}", part)
    return pattern.removesuffix(".+?)") + ".+)" if pattern.endswith(PARTS["THING"]) else pattern


COMPILED = tuple(_rules())
PREDICATES = tuple(
    dict.fromkeys(
        rule.predicate.format(kind=kind)
        for rule, _ in COMPILED
        for kind in ("product", "category", "flavour")
    )
)
"""All that is read of anybody."""
THEIRS = re.compile(
    r"\ble (?:gust|encant|agrad)|\bes (?!de\b|para\b)"
    r"|\b(?:his|her|their|your|\w+'s) "
    r"(?:budget|limit|cap|max(?:imum)?|(?:price )?range|favou?rite|allerg\w+)\b",
    re.I,
)
"""What is said of somebody else."""
