"""Where everything is wired, floor by floor."""

from api.bootstrap.ground import SUBSCRIPTIONS
from api.bootstrap.house import House, build, load_brain
from api.bootstrap.spares import Brain, Spares

__all__ = ["SUBSCRIPTIONS", "Brain", "House", "Spares", "build", "load_brain"]
