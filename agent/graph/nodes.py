"""What happens in each node of a turn. What the journal knows already is not done again."""

import time
from dataclasses import asdict, dataclass, replace
from typing import Annotated, TypedDict

from langgraph.runtime import Runtime

from agent.graph.answers import Heard, hear
from agent.graph.history import repaired
from agent.graph.policy import matched, system_prompt
from agent.graph.provenance import argument_sources
from agent.graph.reply import exchange_of, reply_of, truthful
from agent.graph.reply_events import announce
from agent.graph.rules import RULE, Opening, call_of, opening
from agent.graph.run import Run
from agent.models.base import Block, Message, ModelAnswer, ModelRequest
from agent.models.fallback import Fallback
from agent.turns.journal import ModelEntry, RecalledContext, ToolEntry
from agent.turns.models import Reply
from foundation import metrics
from foundation.auth import Role
from foundation.crypto import KeyShredded
from foundation.errors import Invalid
from memory.context.models import Depth
from memory.context.renderer import briefing
from memory.engine import Interaction, MemoryEngine
from tools.base import Effect
from tools.catalog import Call, Catalog
from tools.confirmations import REFUSED
from tools.results import ToolResult

OUT_OF_BUDGET = "That took longer than it should, so I stopped here. Please ask me again for the rest."


class OneCall(TypedDict):
    call: Call
    refusal: str | None
    action_id: str | None
    """The confirmed action that this call carries out."""


def merged(old: dict[str, ToolResult], new: dict[str, ToolResult]) -> dict[str, ToolResult]:
    return {**old, **new}


class GraphState(TypedDict, total=False):
    is_answered: bool
    """The reply is out already; only memory has to learn of it."""
    step: int
    exchange: list[Message]
    """The messages of this turn after the customer's: calls and their results."""
    calls: list[OneCall]
    """What the last answer asks to run."""
    goes_on: bool
    results: Annotated[dict[str, ToolResult], merged]
    form: str | None
    notice: str | None
    model: str


@dataclass(frozen=True)
class Nodes:
    catalog: Catalog
    memory: MemoryEngine
    models: Fallback
    depth: Depth = Depth.BRIEF
    """Of what a model is given to know."""

    async def recall(self, state: GraphState, runtime: Runtime[Run]) -> GraphState:  # noqa: ARG002 - a node's shape
        run = runtime.context
        await run.apart(lambda: self._recall(run))
        run.on_step("recalled")
        return {"step": 0, "exchange": [], "calls": [], "results": {}}

    async def think(self, state: GraphState, runtime: Runtime[Run]) -> GraphState:
        run, step = runtime.context, state["step"]
        exchange = [*state["exchange"], *_results_message(state)]
        entry = run.turn.journal.model(step)
        if entry is None:
            entry = await self._answer(run, step, exchange)
            await run.write(entry)
        answer = entry.answer
        heard = self._hear(run, step, answer)
        run.tokens_used += answer.usage.input_tokens + answer.usage.output_tokens
        run.calls_made += len(heard.calls) - len(heard.refused)
        said: list[Message] = [{"role": "assistant", "content": heard.content}] if heard.content else []
        return {
            "step": step + 1,
            "exchange": exchange + said,
            "calls": _calls(heard, entry.action_id),
            "goes_on": heard.goes_on,
            "form": answer.form or state.get("form"),
            "notice": answer.notice or state.get("notice"),
            "model": answer.model,
        }

    async def act(self, state: OneCall, runtime: Runtime[Run]) -> GraphState:
        run, call = runtime.context, state["call"]
        entry = run.turn.journal.tool(call.id)
        if entry is None:
            tool = self.catalog.find(call.tool)
            label = tool.label if tool else "Thinking"
            await run.emit("tool_started", {"call_id": call.id, "tool": call.tool, "label": label})
            entry = await self._perform(run, state)
            run.on_step("performed")
            await run.write(entry)
        result = entry.result
        await self._settle(run, state, result)
        finished = {"call_id": call.id, "tool": call.tool, "is_error": result.is_error}
        await run.emit("tool_finished", {**finished, "cards": [asdict(card) for card in result.cards]})
        return {"results": {call.id: result}}

    async def answer(self, state: GraphState, runtime: Runtime[Run]) -> GraphState:
        run = runtime.context
        results = list(state["results"].values())
        exchange = [*state["exchange"], *_results_message(state)]
        system = system_prompt(run.principal.role)
        text = truthful(run, exchange, results, system=system)
        reply = reply_of(
            run, text, results, model=state["model"], form=state.get("form"), notice=state.get("notice")
        )
        run.reply, run.exchange = reply, exchange_of(run, exchange, text)
        await run.apart(lambda: self._close(run, reply))
        run.on_step("answered")
        await announce(run, reply)
        return {}

    async def learn(self, state: GraphState, runtime: Runtime[Run]) -> GraphState:  # noqa: ARG002 - a node's shape
        run = runtime.context
        if run.reply is None:
            await run.apart(lambda: _reload(run))
        await run.apart(lambda: self._learn(run))
        run.on_step("learned")
        return {}

    def _recall(self, run: Run) -> None:
        asked_at = run.turn.received_at
        run.waiting = self.catalog.confirmations.waiting(run.turn.thread_id, at=asked_at)
        first = run.turn.journal.model(0)
        run.recalled = first.context if first and first.context else self._context(run)

    def _context(self, run: Run) -> RecalledContext:
        policies = tuple(matched(run.turn.text, run.principal.role))
        if run.principal.role is not Role.CUSTOMER:
            return RecalledContext(policies=policies)
        context = self.memory.context(run.principal.id, run.turn.text, depth=self.depth)
        return RecalledContext(
            memory=briefing(context),
            sources=tuple(context.sources),
            missing=tuple(context.missing),
            policies=policies,
        )

    async def _answer(self, run: Run, step: int, exchange: list[Message]) -> ModelEntry:
        """The journal's entry for the next answer: by rule, by budget, or by a model."""
        previous = run.turn.previous_turn_id
        begun = opening(run.turn.messages, run.waiting, previous_turn=previous) if step == 0 else None
        context = run.recalled if step == 0 else None
        if begun is not None:
            answer, action_id = await self._open(run, begun)
            return ModelEntry(step, answer, context, action_id)
        if run.is_exhausted(step):
            answer = ModelAnswer([{"type": "text", "text": OUT_OF_BUDGET}], "end_turn", RULE)
            return ModelEntry(step, answer, context)
        started = time.perf_counter()
        answer = await self._ask(run, exchange)
        seconds = time.perf_counter() - started
        metrics.model_calls.labels(answer.model, "ok").inc()
        metrics.model_seconds.labels(answer.model).observe(seconds)
        for kind, tokens in asdict(answer.usage).items():
            metrics.model_tokens.labels(answer.model, kind.removesuffix("_tokens")).inc(tokens)
        return ModelEntry(step, answer, context, seconds=round(seconds, 4))

    async def _open(self, run: Run, begun: Opening) -> tuple[ModelAnswer, str | None]:
        confirmations, owner = self.catalog.confirmations, run.principal.id
        if begun.cancelled:
            cancelled = begun.cancelled
            await run.apart(lambda: confirmations.find(cancelled, principal_id=owner))
            await run.apart(lambda: confirmations.close(cancelled))
            run.waiting = None
        if begun.confirmed is None:
            return replace(begun.answer, form=begun.form), None
        confirmed = begun.confirmed
        action = await run.apart(lambda: confirmations.find(confirmed, principal_id=owner))
        return call_of(action), action.id

    async def _ask(self, run: Run, exchange: list[Message]) -> ModelAnswer:
        principal = run.principal
        request = ModelRequest(
            system=system_prompt(principal.role),
            memory=run.memory,
            messages=repaired([*run.turn.history, run.turn.question, *exchange]),
            tools=self.catalog.offered(principal),
            withheld=self.catalog.withheld(principal),
            is_staff=principal.role in (Role.STAFF, Role.ADMIN),
        )
        if run.emit.has_spoken:
            await run.emit.speak("\n\n")
        return await self.models.answer(request, speak=run.emit.speak, restart=run.emit.restart)

    def _hear(self, run: Run, step: int, answer: ModelAnswer) -> Heard:
        tools = self.catalog.offered(run.principal)
        return hear(answer, step=step, turn_id=run.turn.turn_id, tools_left=run.tools_left, tools=tools)

    async def _perform(self, run: Run, state: OneCall) -> ToolEntry:
        call, started = state["call"], time.perf_counter()
        tool = self.catalog.find(call.tool)
        if state["refusal"]:
            result = ToolResult.refusal(Invalid(state["refusal"]))
        elif tool is None or tool.effect is Effect.READ:
            result = await run.apart(lambda: self._call(run, state))
        else:
            async with run.writes:
                result = await run.apart(lambda: self._call(run, state))
        metrics.tool_calls.labels(call.tool if tool else "unknown", _outcome(result)).inc()
        return ToolEntry(
            call,
            result,
            argument_sources(call.arguments, said=run.turn.text, memory=run.memory),
            state["action_id"],
            round(time.perf_counter() - started, 4),
        )

    def _call(self, run: Run, state: OneCall) -> ToolResult:
        if state["action_id"] is None:
            return self.catalog.call(
                state["call"],
                principal=run.principal,
                thread_id=run.turn.thread_id,
                turn_id=run.turn.turn_id,
                guard=run.guard,
            )
        action = self.catalog.confirmations.find(state["action_id"], principal_id=run.principal.id)
        return self.catalog.carry_out(
            action, principal=run.principal, confirmed_at=run.turn.received_at, guard=run.guard
        )

    async def _settle(self, run: Run, state: OneCall, result: ToolResult) -> None:
        """Keep `run.waiting` true: a proposal waits, a confirmed action waits no more."""
        confirmations, action_id = self.catalog.confirmations, state["action_id"]
        if action_id is not None:
            if result.is_error:
                await run.apart(lambda: confirmations.close(action_id, status=REFUSED))
            run.waiting = None
        elif result.confirmation is not None:
            run.waiting = await run.apart(lambda: confirmations.waiting(run.turn.thread_id))

    def _close(self, run: Run, reply: Reply) -> None:
        with run.store.ledger.transaction():
            if run.waiting is not None:
                self.catalog.confirmations.ask_again(run.waiting.id, turn_id=run.turn.turn_id)
            run.store.answer(run.turn, exchange=run.exchange, reply=reply)

    def _learn(self, run: Run) -> None:
        """What was said goes to memory and the turn is done, in one transaction.

        A customer who was forgotten meanwhile stays forgotten.
        """
        try:
            with run.store.ledger.transaction():
                if run.principal.role is Role.CUSTOMER:
                    self.memory.learn(_interaction(run))
                run.more_waits = run.store.finish(run.turn)
        except KeyShredded:
            run.more_waits = run.store.finish(run.turn)


def _calls(heard: Heard, action_id: str | None) -> list[OneCall]:
    return [
        {"call": call, "refusal": heard.refused.get(call.id), "action_id": action_id} for call in heard.calls
    ]


def _results_message(state: GraphState) -> list[Message]:
    """The results of the last answer's calls, all in one message, in the order of the calls."""
    blocks: list[Block] = []
    for one in state["calls"]:
        result = state["results"][one["call"].id]
        block = {"type": "tool_result", "tool_use_id": one["call"].id, "content": result.content()}
        blocks.append({**block, "is_error": True} if result.is_error else block)
    return [{"role": "user", "content": blocks}] if blocks else []


def _outcome(result: ToolResult) -> str:
    if result.confirmation is not None:
        return "pending"
    return "refused" if result.is_error else "ok"


def _reload(run: Run) -> None:
    """A turn that an earlier attempt has answered."""
    run.reply = run.store.turn(run.turn.turn_id).reply


def _interaction(run: Run) -> Interaction:
    return Interaction(
        id=run.turn.turn_id,
        customer_id=run.principal.id,
        thread_id=run.turn.thread_id,
        channel=run.turn.channel,
        at=run.turn.messages[0].at,
        message=run.turn.text,
        response=run.reply.text if run.reply else "",
    )
