"""Cut a markdown document into passages that can each be quoted alone."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

LONGEST = 700
"""Characters of a passage; a paragraph that is longer is cut between sentences."""
HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*$")
FENCE = re.compile(r"^(```|~~~)")
SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


@dataclass(frozen=True)
class Passage:
    headings: tuple[str, ...]
    """From the document's title down to the heading above it."""
    text: str

    @property
    def whole(self) -> str:
        """With its headings, which often hold the very words that are asked for."""
        return "\n".join([" > ".join(self.headings), self.text]) if self.headings else self.text


def passages(markdown: str) -> list[Passage]:
    """In order; paragraphs under one heading are joined as long as they fit."""
    return [
        Passage(headings, text)
        for headings, paragraphs in _sections(markdown.replace("\r\n", "\n").split("\n"))
        for text in _joined(paragraphs)
    ]


def _sections(lines: Sequence[str]) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    headings: tuple[str, ...] = ()
    depths: tuple[int, ...] = ()
    body: list[str] = []
    is_code = False
    for line in lines:
        is_code ^= bool(FENCE.match(line))
        found = None if is_code else HEADING.match(line)
        if found is None:
            body.append(line)
            continue
        yield headings, _paragraphs(body)
        body, depth = [], len(found[1])
        above = sum(each < depth for each in depths)
        headings, depths = (*headings[:above], found[2]), (*depths[:above], depth)
    yield headings, _paragraphs(body)


def _paragraphs(lines: Sequence[str]) -> list[str]:
    return [block.strip() for block in re.split(r"\n\s*\n", "\n".join(lines)) if block.strip()]


def _joined(paragraphs: Sequence[str]) -> Iterator[str]:
    held = ""
    for piece in (piece for paragraph in paragraphs for piece in _pieces(paragraph)):
        if held and len(held) + 2 + len(piece) > LONGEST:
            yield held
            held = ""
        held = f"{held}\n\n{piece}" if held else piece
    if held:
        yield held


def _pieces(paragraph: str) -> Iterator[str]:
    held = ""
    for sentence in SENTENCE_END.split(paragraph):
        for part in (sentence[at : at + LONGEST] for at in range(0, len(sentence), LONGEST)):
            if held and len(held) + 1 + len(part) > LONGEST:
                yield held
                held = ""
            held = f"{held} {part}" if held else part
    if held:
        yield held
