"""Every service of the program, wired."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from api.containers.commerce import CommerceServices, build_commerce
from api.containers.conversations import ConversationServices, build_conversations
from api.containers.infrastructure import Infrastructure, build_infrastructure
from api.containers.memory import MemoryServices, build_memory
from api.containers.overrides import USUAL, Overrides
from api.containers.subscribers import build_relay
from foundation.lazy import Lazy
from foundation.outbox import Relay
from foundation.settings import Settings

if TYPE_CHECKING:
    from api.containers.agent import AgentServices


@dataclass(frozen=True)
class Container:
    infrastructure: Infrastructure
    commerce: CommerceServices
    memory: MemoryServices
    conversations: ConversationServices
    relay: Relay
    agent: "Lazy[AgentServices]"
    """Made where turns are run: the graph and the models take 100 MB and a second."""

    async def leave(self) -> None:
        """Give back the turns that are under way, and close what speaks over this event loop."""
        if self.agent.is_made:
            await self.agent().close()

    def close(self) -> None:
        """May be called again. Where an event loop was used, `leave` it first."""
        self.infrastructure.close()


def build_container(settings: Settings, overrides: Overrides = USUAL) -> Container:
    infrastructure = build_infrastructure(settings, overrides)
    with infrastructure.resources.closed_on_failure():
        commerce = build_commerce(infrastructure, overrides)
        memory = build_memory(infrastructure, commerce, overrides)
        conversations = build_conversations(infrastructure, memory)
        relay = build_relay(infrastructure, commerce, memory)

    def build_agent() -> "AgentServices":
        from api.containers import agent  # noqa: PLC0415 - langgraph takes 40 MB and half a second to load

        return agent.build_agent(infrastructure, commerce, memory, conversations, overrides)

    return Container(infrastructure, commerce, memory, conversations, relay, Lazy(build_agent))
