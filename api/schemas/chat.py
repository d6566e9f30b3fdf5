"""Messages of a conversation, replies, and the events by which a reply is streamed."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, StringConstraints

from agent.consent import Decision
from agent.turns.models import Reply, ThreadMessage
from api.schemas.base import Id, Matching, Schema, Timestamp, example
from api.schemas.ids import ThreadRef, TurnRef
from api.schemas.money import Amount
from foundation.money import Money
from foundation.queue import Job, Status

LONGEST_MESSAGE = 4_000
NO_CONTROLS = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_MESSAGE),
    Matching(NO_CONTROLS, "text without control characters"),
]


def _stored_price(price: object) -> object:
    """A stored reply has dollars with two decimals."""
    return Money.from_dollars(price.removeprefix("$").replace(",", "")) if isinstance(price, str) else price


class ChatMessageIn(Schema):
    """A message of the customer."""

    model_config = example(
        message="What do you recommend for sleep under $40?",
        threadId="thr_5f0c7d2a",
        messageId="msg_1b2c3d4e",
    )

    message: Text
    """Words of the customer."""
    thread_id: Id | None = None
    """Id of the conversation; left out, a new one begins."""
    message_id: Id | None = None
    """Id of the message, chosen by the sender: sent again with the same id, it is one message."""


class ActionDecision(Schema):
    """Yes or no to a pending action."""

    model_config = example(decision="confirm")

    decision: Decision
    """`confirm` carries the action out; `cancel` drops it."""


class ReplyCard(Schema):
    """Something shown beside the words: a product, a raffle, an order."""

    model_config = example(
        kind="product",
        id="prd_owl",
        title="Night Owl Gummies",
        subtitle="edible · sleep",
        badges=["in stock"],
    )

    kind: str
    """What it shows, such as `product`, `raffle` or `order`."""
    id: str
    """Id of what it shows."""
    title: str
    """Title."""
    subtitle: str
    """A second line; may be empty."""
    price: Annotated[Amount | None, BeforeValidator(_stored_price)]
    """Price; null without one."""
    badges: tuple[str, ...]
    """Short labels, such as `out of stock`."""


class ConfirmationOut(Schema):
    """An action that waits for the customer's yes."""

    model_config = example(
        actionId="act_3c5v6b4n",
        tool="subscribe_membership",
        sentence="Join as Gold member: your Visa ending 1111 is charged $197.00 now.",
    )

    action_id: str
    """Id of the action, for `POST /api/chat/actions/{actionId}`."""
    tool: str
    """Name of the tool that carries it out."""
    sentence: str
    """What would be done, in the words that are confirmed."""
    expires_at: Timestamp
    """Until when it can be confirmed."""


class ReplyOut(Schema):
    """The answer to a message."""

    model_config = example(
        text="Night Owl Gummies are made for the evening; a jar is $28.00.",
        model="offline",
        confirmation=None,
        form=None,
        handedOver=False,
        notice=None,
        failed=False,
    )

    turn_id: TurnRef
    thread_id: ThreadRef
    text: str
    """The answer in words."""
    model: str
    """Name of the model that wrote it; `rule` for a fixed sentence."""
    cards: tuple[ReplyCard, ...]
    """What is shown beside the words."""
    confirmation: ConfirmationOut | None
    """The action that waits for a yes; null without one."""
    form: str | None
    """Form to be filled in: `age_verification`, `card` or `sign_in`; null without one."""
    handed_over: bool
    """Whether the conversation was handed over to a person."""
    notice: str | None
    """Something to know about the answer, such as that a simpler model gave it; null otherwise."""
    failed: bool
    """Whether the turn failed; the text says so."""

    @classmethod
    def of(cls, reply: Reply) -> "ReplyOut":
        return cls.model_validate(reply)


class TurnAccepted(Schema):
    """The message is stored; its answer takes longer."""

    turn_id: TurnRef
    thread_id: ThreadRef
    status: Literal["running"] = "running"
    """Always `running`: ask `GET /api/chat/turns/{turnId}`."""


class TurnOut(Schema):
    """State of a turn."""

    turn_id: TurnRef
    status: Literal["running", "answered"]
    """`answered` once there is a reply."""
    reply: ReplyOut | None = None
    """The reply; null while the turn is running."""


class ThreadMessageOut(Schema):
    """One message of a conversation."""

    model_config = example(
        role="customer", text="What do you recommend for sleep?", cards=[], confirmation=None, form=None
    )

    role: Literal["customer", "assistant"]
    """Who wrote it."""
    text: str
    """The words."""
    at: Timestamp
    """When it was written."""
    turn_id: TurnRef
    cards: tuple[ReplyCard, ...]
    """What is shown beside the words."""
    confirmation: ConfirmationOut | None
    """The action that still waits for a yes; null without one."""
    form: str | None
    """Form to be filled in; null without one."""

    @classmethod
    def of(cls, message: ThreadMessage) -> "ThreadMessageOut":
        return cls.model_validate(message)


class ThreadOut(Schema):
    """A conversation."""

    thread_id: ThreadRef
    messages: list[ThreadMessageOut]
    """The messages, the earliest first."""


class JobIn(Schema):
    """A question that may take its time."""

    model_config = example(prompt="Compare your sleep tinctures", threadId="thr_5f0c7d2a")

    prompt: Text
    """The question."""
    thread_id: Id | None = None
    """Id of the conversation it belongs to; left out, it belongs to none."""


class JobOut(Schema):
    """State of a question in the queue."""

    model_config = example(id="job_0z7x3c5v6b4n8f2k1m9q", status="finished", progress=None, error=None)

    id: str
    """Id of the job."""
    status: Status
    """State of the job."""
    progress: str | None
    """What it is doing, in words; null before it runs."""
    result: ReplyOut | None
    """The reply; null until there is one."""
    error: str | None
    """Why it failed, in words; null unless it did."""

    @classmethod
    def of(cls, job: Job) -> "JobOut":
        return cls(
            id=job.id,
            status=job.status,
            progress=job.progress["doing"] if job.progress else None,
            result=ReplyOut.of(Reply.from_json(job.result)) if job.result else None,
            error=job.error if job.status is Status.FAILED else None,
        )
