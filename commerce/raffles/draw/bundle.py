r"""What is published of a draw: at closing the commitment and every ticket, later the outcome.

jq -rj '.tickets[] + "\n"' bundle.json | sha256sum     gives listSha256
jq -jcS .commitment bundle.json | sha256sum              gives commitmentSha256
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer, StringConstraints
from pydantic.alias_generators import to_camel

from commerce.raffles.draw.beacon import Chain
from commerce.raffles.draw.tickets import Listed

FORMAT: Literal["livhana-raffle/1"] = "livhana-raffle/1"
WAIT = timedelta(minutes=5)
"""The round that decides comes at least so long after closing, when nobody can know it yet."""
PATIENCE = timedelta(hours=24)
"""How long after its round the beacon may be out of reach before the promised seed decides."""

Source = Literal["drand", "seed"]
Hex = Annotated[str, StringConstraints(pattern=r"^(?:[0-9a-f]{2})+$"), Field(examples=["8d61d9"])]
Sha256 = Annotated[
    str, StringConstraints(pattern=r"^[0-9a-f]{64}$"), Field(examples=["9f86d081884c7d65" * 4])
]
Time = Annotated[
    AwareDatetime,
    Field(
        ge=datetime(2020, 1, 1, tzinfo=UTC),
        lt=datetime(2200, 1, 1, tzinfo=UTC),
        examples=["2026-04-01T12:00:00+00:00"],
    ),
    PlainSerializer(lambda at: at.astimezone(UTC).isoformat(), return_type=str),
]
MOST_PLACES = 101


class Published(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        extra="forbid",
        frozen=True,
        strict=True,
        use_attribute_docstrings=True,
    )


class Round(Published):
    """The beacon's round that was named before it came."""

    chain_hash: Sha256
    """Hash of the beacon's chain."""
    number: int
    """Number of the round."""
    at: Time
    """When the round is published."""


class Commitment(Published):
    """All that decides the draw but the randomness itself; known before that is."""

    raffle_id: Annotated[str, Field(examples=["rfl_spring"])]
    """Id of the raffle."""
    title: Annotated[str, Field(examples=["Spring Raffle"])]
    """Title of the raffle."""
    prize: Annotated[str, Field(examples=["A garden bench"])]
    """What the winner gets."""
    algorithm: Annotated[str, Field(examples=["hmac-sha256-v1"])]
    """Name of the algorithm of the draw."""
    places: Annotated[int, Field(ge=1, le=MOST_PLACES)]
    """How many tickets are drawn: the winner and the runners-up."""
    closed_at: Time
    """When the sale of tickets ended."""
    tickets: int
    """Number of tickets."""
    list_sha256: Sha256
    """SHA-256 of the list of tickets, one a line."""
    source: Source
    """Where the randomness comes from: the beacon or the promised seed."""
    round: Round | None
    """None where the shop draws by its promised seed from the start."""
    seed_sha256: Sha256
    """SHA-256 of the promised seed."""
    seed_promised_at: Time
    """When the seed was promised."""
    seed_decides_at: Time
    """From then on the promised seed decides, should the beacon not be reached."""

    def sha256(self) -> str:
        shown = self.model_dump(mode="json", by_alias=True)
        plain = json.dumps(shown, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(plain.encode()).hexdigest()

    @property
    def listed(self) -> Listed:
        return Listed(self.list_sha256, self.tickets)

    @property
    def draw_from(self) -> datetime:
        return self.round.at if self.round else self.seed_decides_at


class Randomness(Published):
    """The randomness of a draw."""

    source: Source
    """Where it comes from."""
    value: Sha256
    """SHA-256 of the beacon's signature, or the seed."""
    signature: Hex | None
    """The beacon's signature; null where the seed decides."""
    seed: Sha256
    """The promised seed, revealed after the draw."""


class Win(Published):
    """A ticket that was drawn."""

    ticket: int
    """Number of the ticket."""
    holder: Annotated[str, Field(examples=["5f0c7d2a81b3e0aa"])]
    """Pseudonym of its owner."""


class Outcome(Published):
    """What the draw adds to the commitment."""

    randomness: Randomness
    """The randomness, which was not known before."""
    winner: Win
    """The winning ticket."""
    runners_up: tuple[Win, ...]
    """Tickets of the runners-up, in their order."""


class Bundle(Published):
    """What anybody needs to verify a draw."""

    format: Literal["livhana-raffle/1"]
    """Version of the format."""
    commitment: Commitment
    """What was committed to before the randomness was known."""
    commitment_sha256: Sha256
    """SHA-256 of the commitment as JSON with sorted keys."""
    outcome: Outcome | None
    """None until the winners are published."""
    tickets: Annotated[
        list[str], Field(min_length=1, examples=[["1 5f0c7d2a81b3e0aa", "2 0c7d81b3e0aa5f2a"]])
    ]
    """Every ticket with the pseudonym of its owner."""


class Promise(Published):
    """What was made known when the raffle opened."""

    seed_sha256: Sha256
    promised_at: Time


class Terms(Published):
    """The raffle, as far as the draw is concerned."""

    raffle_id: str
    title: str
    prize: str
    algorithm: str
    runners_up: int


def commit(
    terms: Terms, listed: Listed, promise: Promise, *, closed_at: datetime, chain: Chain | None
) -> Commitment:
    """Without a chain, the promised seed decides."""
    named = None if chain is None else _round(chain, closed_at)
    return Commitment(
        raffle_id=terms.raffle_id,
        title=terms.title,
        prize=terms.prize,
        algorithm=terms.algorithm,
        places=min(1 + terms.runners_up, listed.tickets),
        closed_at=closed_at,
        tickets=listed.tickets,
        list_sha256=listed.sha256,
        source="drand" if named else "seed",
        round=named,
        seed_sha256=promise.seed_sha256,
        seed_promised_at=promise.promised_at,
        seed_decides_at=named.at + PATIENCE if named else closed_at,
    )


def written(commitment: Commitment, outcome: Outcome | None, blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The bundle as JSON, from the list in blocks of whole lines, in which there is nothing to escape."""
    head = {
        "format": FORMAT,
        "commitment": commitment.model_dump(mode="json", by_alias=True),
        "commitmentSha256": commitment.sha256(),
        "outcome": outcome.model_dump(mode="json", by_alias=True) if outcome else None,
    }
    yield json.dumps(head, indent=1)[:-2].encode() + b',\n "tickets": ['
    mark = b'\n"'
    for block in blocks:
        yield mark + block.rstrip(b"\n").replace(b"\n", b'",\n"') + b'"'
        mark = b',\n"'
    yield b"\n]}\n"


def _round(chain: Chain, closed_at: datetime) -> Round:
    number = chain.first_round_at(closed_at + WAIT)
    return Round(chain_hash=chain.hash, number=number, at=chain.time_of(number))
