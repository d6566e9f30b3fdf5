"""Graders of a scenario run: replies, their grounding, and the final state of ledger and warehouse."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from agent.turns.models import TurnStatus
from evals.customer import StepResult
from evals.grounding import sources, ungrounded
from evals.scenario import Scenario, Shown
from evals.snapshot import Change, Row, Snapshot, differences, rows_of
from tools.results import Card

Kind = Literal["reply", "ungrounded", "unexpected", "missing", "leak"]
OWNERS = {
    "threads": "principal_id",
    "turns": "principal_id",
    "interactions": "customer_id",
    "profiles": "customer_id",
}
"""Tables that every conversation writes to, with the column that names the owner of a row."""
PARTS_OF_TURNS = frozenset({"messages", "journal"})
LEARNED = "interactions"


@dataclass(frozen=True)
class Failure:
    kind: Kind
    text: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"


@dataclass(frozen=True)
class Evidence:
    """What is known of a scenario after its run."""

    scenario: Scenario
    steps: Sequence[StepResult]
    before: Snapshot
    after: Snapshot
    delivered: Mapping[str, Sequence[Row]]
    """Rows of the warehouse after the run, by table."""

    def tool_results(self, turn_id: str) -> list[Mapping[str, Any]]:
        """The tools' entries in the turn's journal."""
        entries = [row for row in self.after["journal"].values() if row["turn_id"] == turn_id]
        return [row["data"] for row in entries if row["key"].startswith("tool:")]


def grade(evidence: Evidence) -> list[Failure]:
    changes = differences(evidence.before, evidence.after)
    return [
        *(failure for number in range(len(evidence.steps)) for failure in _reply(evidence, number)),
        *_grounding(evidence),
        *_conversation(evidence, changes),
        *_end_state(evidence.scenario, changes),
        *_warehouse(evidence),
        *_leaks(evidence.scenario, changes),
    ]


# Replies


def _reply(evidence: Evidence, number: int) -> Iterator[Failure]:
    step_result = evidence.steps[number]
    problems = [
        *_words(step_result),
        *_arrival(step_result, evidence.steps),
        *_called(step_result, evidence.tool_results(step_result.reply.turn_id)),
        *_cards(step_result, evidence.after),
        *_picked(step_result, evidence.steps[number - 1] if number else step_result),
    ]
    for each in problems:
        yield Failure("reply", f"step {number + 1} {each}; the reply: {step_result.reply.text[:300]!r}")


def _words(step_result: StepResult) -> Iterator[str]:
    step, reply = step_result.step, step_result.reply
    lower = reply.text.casefold()
    if reply.failed or not lower.strip():
        yield "failed"
    if step_result.streamed != reply.text:
        yield f"streamed {step_result.streamed[:200]!r}"
    yield from (f"lacks {text!r}" for text in step.contains if text.casefold() not in lower)
    yield from (f"must not say {text!r}" for text in step.lacks if text.casefold() in lower)
    asked = reply.confirmation.tool if reply.confirmation else None
    for what, found, expected in (
        ("asks to confirm", asked, step.asks),
        ("shows the form", reply.form, step.form),
        ("hands over", reply.handed_over, step.hands_over),
    ):
        if found != expected:
            yield f"{what} {found}, not {expected}"


def _arrival(step_result: StepResult, earlier: Sequence[StepResult]) -> Iterator[str]:
    """One turn answers all messages of a step; a repeated message gets the same reply."""
    if len({receipt.turn_id for receipt in step_result.receipts}) > 1:
        yield "was answered more than once"
    if (
        step_result.step.deliveries > 1
        and sum(not receipt.is_replay for receipt in step_result.receipts) != 1
    ):
        yield "was not accepted exactly once"
    if step_result.step.replays is not None:
        first = earlier[step_result.step.replays - 1].reply
        if not step_result.is_replay or step_result.reply != first:
            yield "got another reply than the first time"


def _called(step_result: StepResult, tool_results: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    called = sorted(result["tool"] for result in tool_results)
    if step_result.step.tools is not None and called != sorted(step_result.step.tools):
        yield f"called {called}, not {sorted(step_result.step.tools)}"


def _cards(step_result: StepResult, ledger: Snapshot) -> Iterator[str]:
    products = {row["id"]: row for row in ledger["products"].values()}
    cards = step_result.reply.cards
    for card in cards:
        if card.kind == "product" and not _is_real(card, products.get(card.id)):
            yield f"shows {card.title} at {card.price}, which does not match the catalogue"
    shown = step_result.step.shows
    if shown is not None:
        fitting = [card for card in cards if card.kind == shown.kind]
        most = len(fitting) if shown.at_most is None else shown.at_most
        if not shown.at_least <= len(fitting) <= most:
            yield f"shows {len(fitting)} {shown.kind} cards"
        for card in fitting:
            if shown.kind == "product" and not _fits(shown, products.get(card.id, {})):
                yield f"shows {card.title}, which does not match the request"


def _picked(step_result: StepResult, before: StepResult) -> Iterator[str]:
    place = step_result.step.shows.place if step_result.step.shows else None
    if place is not None and [*step_result.reply.cards] != [*before.reply.cards[place - 1 : place]]:
        yield f"does not show number {place} of the reply before alone"


def _is_real(card: Card, row: Row | None) -> bool:
    if row is None:
        return False
    is_there = row["available"] and row["quantity"] > 0
    price = f"{row['price_cents'] / 100:.2f}"
    return (card.title, card.price, "out of stock" in card.badges) == (row["name"], price, not is_there)


def _fits(shown: Shown, row: Row) -> bool:
    dollars = row.get("price_cents", 0) / 100
    return all(
        (
            shown.category in (None, row.get("category")),
            shown.effect in (None, *row.get("effects", ())),
            shown.flavour in (None, *row.get("flavours", ())),
            shown.without_flavour not in row.get("flavours", ()),
            shown.min_price is None or dollars >= shown.min_price,
            shown.max_price is None or dollars <= shown.max_price,
        )
    )


# Grounding


def _grounding(evidence: Evidence) -> Iterator[Failure]:
    names = [row["name"] for row in evidence.after["products"].values()]
    names += [row["title"] for row in evidence.after["raffles"].values()]
    for number, step_result in enumerate(evidence.steps, start=1):
        reply = step_result.reply
        said = [row["text"] for row in evidence.after["messages"].values() if row["turn_id"] == reply.turn_id]
        action = reply.confirmation and evidence.after["pending_actions"].get((reply.confirmation.action_id,))
        known = sources(
            [entry["result"] for entry in evidence.tool_results(reply.turn_id)],
            said=said,
            asked=action["sentence"] if action else None,
        )
        for what in ungrounded(reply.text, known, names=names):
            yield Failure(
                "ungrounded", f"step {number} says {what}, which no tool of the step returned: {reply.text!r}"
            )


# End state


def _conversation(evidence: Evidence, changes: Sequence[Change]) -> Iterator[Failure]:
    """Rows belong to the speakers, every turn is done, and each of a customer's turns was learned once."""
    speakers = evidence.scenario.speakers
    turns = [row for row in rows_of(changes, "turns") if row["principal_id"] in speakers]
    turn_ids = {row["id"] for row in turns}
    for change in changes:
        if change.table in OWNERS:
            is_own = change.after is not None and change.row[OWNERS[change.table]] in speakers
        elif change.table in PARTS_OF_TURNS:
            is_own = change.before is None and change.row["turn_id"] in turn_ids
        else:
            continue
        if not is_own:
            yield Failure("unexpected", str(change))
    yield from (
        Failure("missing", f"the end of {row['id']}") for row in turns if row["status"] != TurnStatus.DONE
    )
    expected = sorted(row["id"] for row in turns if row["role"] == "customer")
    if sorted(row["id"] for row in rows_of(changes, LEARNED)) != expected:
        yield Failure("missing", f"not each of {len(expected)} turns was learned once")
    learned = [row for row in rows_of(changes, "outbox") if row["topic"] == LEARNED]
    if len(learned) != len(expected):
        yield Failure("missing", f"{len(learned)} events of {len(expected)} turns")


def _end_state(scenario: Scenario, changes: Sequence[Change]) -> Iterator[Failure]:
    watched = [each for each in changes if not _is_conversation(each, scenario.speakers)]
    new = [change for change in watched if change.before is None]
    altered = [change for change in watched if change.before is not None and change.after is not None]
    gone = [change for change in watched if change.after is None]
    yield from _compared(scenario.new, new, what="new")
    yield from _compared(scenario.changed, altered, what="changed")
    yield from (Failure("unexpected", str(change)) for change in gone)


def _is_conversation(change: Change, speakers: frozenset[str]) -> bool:
    if change.table == "outbox":
        return change.row["topic"] == LEARNED and change.row["customer_id"] in speakers
    return change.table in OWNERS or change.table in PARTS_OF_TURNS


def _compared(
    expected: Mapping[str, Sequence[Row]], changes: Sequence[Change], *, what: str
) -> Iterator[Failure]:
    """Match each expected row to exactly one change, the most specific first."""
    left = list(changes)
    wanted = [(table, row) for table, rows in expected.items() for row in rows]
    for table, row in sorted(wanted, key=lambda each: -len(json.dumps(each[1], default=str))):
        found = next((each for each in left if each.table == table and _meets(each, row)), None)
        if found is None:
            yield Failure("missing", f"{what} in {table}: {row}")
        else:
            left.remove(found)
    yield from (Failure("unexpected", str(change)) for change in left)


def _meets(change: Change, expected: Row) -> bool:
    before, after = change.before or {}, change.row
    return all(
        after[column[1:]] - before[column[1:]] == value
        if column.startswith("+")
        else _holds(after.get(column), value)
        for column, value in expected.items()
    )


def _holds(found: Any, expected: Any) -> bool:  # noqa: ANN401 - any JSON
    """Equality; of an object, only the named members are compared."""
    if isinstance(expected, Mapping):
        return isinstance(found, Mapping) and all(_holds(found.get(k), v) for k, v in expected.items())
    return bool(found == expected)


def _warehouse(evidence: Evidence) -> Iterator[Failure]:
    for table, expected in evidence.scenario.warehouse.items():
        found = [Change(table, None, row) for row in evidence.delivered.get(table, ())]
        yield from _compared({table: expected}, found, what="in the warehouse")


def _leaks(scenario: Scenario, changes: Sequence[Change]) -> Iterator[Failure]:
    for secret in scenario.secrets:
        for change in changes:
            if secret in json.dumps(change.after, ensure_ascii=False):
                yield Failure("leak", f"{secret!r} is in {change.table}")
