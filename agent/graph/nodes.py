"""The nodes of a turn. A step whose result is in the journal is not done again."""

import time
from dataclasses import asdict, dataclass

from langgraph.runtime import Runtime

from agent.graph.answers import ParsedAnswer, parse_answer
from agent.graph.context import TurnContext
from agent.graph.history import repaired
from agent.graph.policy import matched, system_prompt
from agent.graph.provenance import argument_sources
from agent.graph.reply import exchange_of, grounded_text, reply_of, with_question
from agent.graph.reply_events import publish_reply
from agent.graph.rules import RULE, RuleAnswer, answer_by_rule, confirmed_call
from agent.graph.state import PlannedCall, TurnState
from agent.models.base import Block, Message, ModelAnswer, ModelRequest
from agent.models.fallback import Fallback
from agent.turns.journal import ModelEntry, RecalledContext, ToolEntry
from agent.turns.models import LeasedTurn, Reply
from foundation import metrics
from foundation.auth import Role
from foundation.crypto import KeyShredded
from foundation.errors import Invalid
from memory.context.models import Depth
from memory.context.renderer import render_context
from memory.engine import Interaction, MemoryEngine
from tools.base import Effect
from tools.catalog import Catalog
from tools.confirmations import REFUSED, PendingAction
from tools.results import ToolResult

OUT_OF_BUDGET = "That took longer than it should, so I stopped here. Please ask me again for the rest."


@dataclass(frozen=True)
class Nodes:
    catalog: Catalog
    memory: MemoryEngine
    models: Fallback
    depth: Depth = Depth.BRIEF
    """How much of memory a model is given."""

    async def recall(self, state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:  # noqa: ARG002 - a node's shape
        context = runtime.context
        recalled, waiting = await context.in_thread(lambda: self._recall(context))
        context.on_step("recalled")
        return {
            "recalled": recalled,
            "waiting": waiting,
            "step": 0,
            "tokens_used": 0,
            "calls_made": 0,
            "exchange": [],
            "calls": [],
            "results": {},
            "form": None,
            "notice": None,
        }

    async def think(self, state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:
        context, step, waiting = runtime.context, state["step"], state["waiting"]
        exchange = [*state["exchange"], *_results_message(state)]
        entry = context.turn.journal.model(step)
        if entry is None:
            entry, waiting = await self._answer(context, state, exchange)
            await context.write(entry)
        answer = entry.answer
        parsed = self._parse(context, state, answer)
        said: list[Message] = [{"role": "assistant", "content": parsed.content}] if parsed.content else []
        return {
            "waiting": waiting,
            "step": step + 1,
            "tokens_used": state["tokens_used"] + answer.usage.input_tokens + answer.usage.output_tokens,
            "calls_made": state["calls_made"] + len(parsed.calls) - len(parsed.refused),
            "exchange": exchange + said,
            "calls": _planned(context.turn, parsed, entry.action_id, memory=state["recalled"].memory),
            "is_paused": parsed.is_paused,
            "form": answer.form or state["form"],
            "notice": answer.notice or state["notice"],
            "model": answer.model,
        }

    async def act(self, state: PlannedCall, runtime: Runtime[TurnContext]) -> TurnState:
        context, call = runtime.context, state["call"]
        entry = context.turn.journal.tool(call.id)
        if entry is None:
            tool = self.catalog.find(call.tool)
            label = tool.label if tool else "Thinking"
            await context.emit("tool_started", {"call_id": call.id, "tool": call.tool, "label": label})
            entry = await self._perform(context, state)
            context.on_step("performed")
            await context.write(entry)
        result = entry.result
        update = await self._settle(context, state["action_id"], result)
        finished = {"call_id": call.id, "tool": call.tool, "is_error": result.is_error}
        await context.emit("tool_finished", {**finished, "cards": [asdict(card) for card in result.cards]})
        return {**update, "results": {call.id: result}}

    async def answer(self, state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:
        context, turn, waiting = runtime.context, runtime.context.turn, state["waiting"]
        exchange = [*state["exchange"], *_results_message(state)]
        prompt = (state["recalled"].memory, system_prompt(context.principal.role))
        text = grounded_text(turn, exchange, list(state["results"].values()), prompt=prompt)
        text = with_question(text, waiting, turn_id=turn.turn_id)
        reply, stored = reply_of(turn, state, text), exchange_of(turn, exchange, text)
        await context.in_thread(lambda: self._store(context, reply, stored, waiting))
        context.on_step("answered")
        await publish_reply(context, reply)
        return {"reply": reply}

    async def learn(self, state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:
        context = runtime.context
        reply = await _reply(context, state)
        has_more = await context.in_thread(lambda: self._learn(context, reply))
        context.on_step("learned")
        return {"reply": reply, "has_more": has_more}

    def _recall(self, context: TurnContext) -> tuple[RecalledContext, PendingAction | None]:
        turn = context.turn
        waiting = self.catalog.confirmations.waiting(turn.thread_id, at=turn.received_at)
        first = turn.journal.model(0)
        return first.context if first and first.context else self._remembered(context), waiting

    def _remembered(self, context: TurnContext) -> RecalledContext:
        principal, text = context.principal, context.turn.text
        policies = tuple(matched(text, principal.role))
        if principal.role is not Role.CUSTOMER:
            return RecalledContext(policies=policies)
        remembered = self.memory.context(principal.id, text, depth=self.depth)
        return RecalledContext(
            memory=render_context(remembered),
            sources=tuple(remembered.sources),
            missing=tuple(remembered.missing),
            policies=policies,
        )

    async def _answer(
        self, context: TurnContext, state: TurnState, exchange: list[Message]
    ) -> tuple[ModelEntry, PendingAction | None]:
        """The next answer, by rule, by budget or by a model, and the action that then waits."""
        turn, step, waiting = context.turn, state["step"], state["waiting"]
        recalled = state["recalled"] if step == 0 else None
        if step == 0:
            ruled = answer_by_rule(turn.messages, waiting, previous_turn_id=turn.previous_turn_id)
            if ruled is not None:
                answer, action_id = await self._apply(context, ruled)
                return ModelEntry(step, answer, recalled, action_id), None if ruled.cancelled else waiting
        if context.is_over_budget(step=step, tokens_used=state["tokens_used"]):
            answer = ModelAnswer([{"type": "text", "text": OUT_OF_BUDGET}], "end_turn", RULE)
            return ModelEntry(step, answer, recalled), waiting
        answer, seconds = await self._ask(context, state["recalled"].memory, exchange)
        return ModelEntry(step, answer, recalled, seconds=seconds), waiting

    async def _apply(self, context: TurnContext, ruled: RuleAnswer) -> tuple[ModelAnswer, str | None]:
        """The rule's answer, and the id of the action that its call carries out."""
        confirmations, owner = self.catalog.confirmations, context.principal.id
        if ruled.cancelled:
            cancelled = ruled.cancelled
            await context.in_thread(lambda: confirmations.find(cancelled, principal_id=owner))
            await context.in_thread(lambda: confirmations.close(cancelled))
        if ruled.confirmed is None:
            return ruled.answer, None
        confirmed = ruled.confirmed
        action = await context.in_thread(lambda: confirmations.find(confirmed, principal_id=owner))
        return confirmed_call(action), action.id

    async def _ask(
        self, context: TurnContext, memory: str, exchange: list[Message]
    ) -> tuple[ModelAnswer, float]:
        """A model's answer, and the seconds it took."""
        request = self._request(context, memory, exchange)
        started = time.perf_counter()
        emit = context.emit
        if emit.has_text:
            await emit.text("\n\n")
        answer = await self.models.answer(request, on_text=emit.text, restart=emit.restart)
        seconds = time.perf_counter() - started
        metrics.model_seconds.labels(answer.model).observe(seconds)
        for kind, tokens in asdict(answer.usage).items():
            metrics.model_tokens.labels(answer.model, kind.removesuffix("_tokens")).inc(tokens)
        return answer, round(seconds, 4)

    def _request(self, context: TurnContext, memory: str, exchange: list[Message]) -> ModelRequest:
        principal, turn = context.principal, context.turn
        return ModelRequest(
            system=system_prompt(principal.role),
            memory=memory,
            messages=repaired([*turn.history, turn.question, *exchange]),
            tools=self.catalog.offered(principal),
            withheld=self.catalog.withheld(principal),
            is_staff=principal.role in (Role.STAFF, Role.ADMIN),
        )

    def _parse(self, context: TurnContext, state: TurnState, answer: ModelAnswer) -> ParsedAnswer:
        return parse_answer(
            answer,
            step=state["step"],
            turn_id=context.turn.turn_id,
            tools_left=context.limits.tool_calls - state["calls_made"],
            tools=self.catalog.offered(context.principal),
        )

    async def _perform(self, context: TurnContext, planned: PlannedCall) -> ToolEntry:
        call, started = planned["call"], time.perf_counter()
        tool = self.catalog.find(call.tool)
        if planned["refusal"]:
            result = ToolResult.refusal(Invalid(planned["refusal"]))
        elif tool is None or tool.effect is Effect.READ:
            result = await context.in_thread(lambda: self._call(context, planned))
        else:
            async with context.writes:
                result = await context.in_thread(lambda: self._call(context, planned))
        metrics.tool_calls.labels(call.tool if tool else "unknown", _outcome(result)).inc()
        seconds = round(time.perf_counter() - started, 4)
        return ToolEntry(call, result, planned["origins"], planned["action_id"], seconds)

    def _call(self, context: TurnContext, planned: PlannedCall) -> ToolResult:
        turn, principal, action_id = context.turn, context.principal, planned["action_id"]
        if action_id is None:
            return self.catalog.call(
                planned["call"],
                principal=principal,
                thread_id=turn.thread_id,
                turn_id=turn.turn_id,
                guard=context.guard,
            )
        action = self.catalog.confirmations.find(action_id, principal_id=principal.id)
        return self.catalog.carry_out(
            action, principal=principal, confirmed_at=turn.received_at, guard=context.guard
        )

    async def _settle(self, context: TurnContext, action_id: str | None, result: ToolResult) -> TurnState:
        """The action that waits now: a new proposal does, one that was carried out or refused no more.

        At most one call of an answer is a proposal or a confirmed action, so only one changes `waiting`.
        """
        confirmations = self.catalog.confirmations
        if action_id is not None:
            if result.is_error:
                await context.in_thread(lambda: confirmations.close(action_id, status=REFUSED))
            return {"waiting": None}
        if result.confirmation is not None:
            return {"waiting": await context.in_thread(lambda: confirmations.waiting(context.turn.thread_id))}
        return {}

    def _store(
        self, context: TurnContext, reply: Reply, exchange: list[Message], waiting: PendingAction | None
    ) -> None:
        with context.store.ledger.transaction():
            if waiting is not None:
                self.catalog.confirmations.ask_again(waiting.id, turn_id=context.turn.turn_id)
            context.store.answer(context.turn, exchange=exchange, reply=reply)

    def _learn(self, context: TurnContext, reply: Reply) -> bool:
        """Give the turn to memory and close it, in one transaction; whether the thread has another open turn.

        A customer who was erased meanwhile stays erased.
        """
        try:
            with context.store.ledger.transaction():
                if context.principal.role is Role.CUSTOMER:
                    self.memory.learn(_interaction(context, reply))
                return context.store.finish(context.turn)
        except KeyShredded:
            return context.store.finish(context.turn)


def _planned(
    turn: LeasedTurn, parsed: ParsedAnswer, action_id: str | None, *, memory: str
) -> list[PlannedCall]:
    return [
        {
            "call": call,
            "origins": argument_sources(call.arguments, said=turn.text, memory=memory),
            "refusal": parsed.refused.get(call.id),
            "action_id": action_id,
        }
        for call in parsed.calls
    ]


def _results_message(state: TurnState) -> list[Message]:
    """The results of the last answer's calls, all in one message, in the order of the calls."""
    blocks: list[Block] = []
    for planned in state["calls"]:
        result = state["results"][planned["call"].id]
        block = {"type": "tool_result", "tool_use_id": planned["call"].id, "content": result.content()}
        blocks.append({**block, "is_error": True} if result.is_error else block)
    return [{"role": "user", "content": blocks}] if blocks else []


def _outcome(result: ToolResult) -> str:
    if result.confirmation is not None:
        return "pending"
    return "refused" if result.is_error else "ok"


async def _reply(context: TurnContext, state: TurnState) -> Reply:
    """From the state, or from the ledger where an earlier attempt has answered the turn."""
    if "reply" in state:
        return state["reply"]
    reply = (await context.in_thread(lambda: context.store.turn(context.turn.turn_id))).reply
    if reply is None:
        raise LookupError(f"turn {context.turn.turn_id} is answered, but has no reply")
    return reply


def _interaction(context: TurnContext, reply: Reply) -> Interaction:
    turn = context.turn
    return Interaction(
        id=turn.turn_id,
        customer_id=turn.principal.id,
        thread_id=turn.thread_id,
        channel=turn.channel,
        at=turn.messages[0].at,
        message=turn.text,
        response=reply.text,
    )
