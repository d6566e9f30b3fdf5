"""Where everything is wired, floor by floor."""

from api.containers.ground import SUBSCRIPTIONS
from api.containers.house import House, build, load_brain
from api.containers.spares import Brain, Spares

__all__ = ["SUBSCRIPTIONS", "Brain", "House", "Spares", "build", "load_brain"]
