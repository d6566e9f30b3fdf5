"""What a test, a benchmark or the demo puts in place of a usual part."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from foundation.clock import Clock, system_clock

if TYPE_CHECKING:
    import argon2

    from agent.graph.context import OnStep
    from agent.models.base import Model
    from agent.service import Stream
    from api.containers.artifacts import ModelArtifacts
    from commerce.age.ports import ProofCache
    from commerce.payments.ports import CardGateway
    from commerce.raffles.ports import RandomBeacon
    from foundation.crypto import KeyRing, LookupDigest
    from foundation.outbox import Outbox
    from foundation.sql import Ledger
    from memory.embeddings import Encoder
    from memory.engine import Read


@dataclass(frozen=True)
class CommerceOverrides:
    gateway: "Callable[[CardGateway], CardGateway]" = lambda gateway: gateway
    """Gives the gateway to use, which may wrap the usual one."""
    beacon: "RandomBeacon | None" = None
    proof_cache: "ProofCache | None" = None
    password_hasher: "argon2.PasswordHasher | None" = None
    one_time_code: Callable[[], str] | None = None


@dataclass(frozen=True)
class MemoryOverrides:
    turn_encoder: "Encoder | None" = None
    """Encodes turns and questions about them."""
    read_statements: "Read | None" = None
    """What a remark states, in place of the trained reader."""


@dataclass(frozen=True)
class AgentOverrides:
    models: "Sequence[Model]" = ()
    stream: "Stream | None" = None
    on_step: "OnStep" = lambda _: None
    """Told the name of each step of a turn as it is reached."""


@dataclass(frozen=True)
class Overrides:
    """None keeps the usual part. An overriding ledger is not closed with the container."""

    clock: Clock = system_clock
    key_clock: Clock | None = None
    """By which data keys are dated, where that is not `clock`."""
    ledger: "Ledger | None" = None
    key_ring: "KeyRing | None" = None
    digests: "LookupDigest | None" = None
    outbox: "Callable[[Ledger, Clock], Outbox] | None" = None
    artifacts: "ModelArtifacts | None" = None
    commerce: CommerceOverrides = CommerceOverrides()
    memory: MemoryOverrides = MemoryOverrides()
    agent: AgentOverrides = AgentOverrides()


USUAL = Overrides()
