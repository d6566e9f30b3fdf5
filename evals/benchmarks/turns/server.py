"""The API process under load: the real one, except for its model."""

import socket
import sys

from api.containers.container import build_container
from api.containers.overrides import AgentOverrides, Overrides
from api.entrypoints.server import run_api
from evals.benchmarks.turns.instant_model import InstantModel
from foundation.log import configure_logging
from foundation.settings import load_settings

if __name__ == "__main__":
    configure_logging()
    overrides = Overrides(agent=AgentOverrides(models=[InstantModel()]))
    container = build_container(load_settings(), overrides)
    run_api(container, door=socket.socket(fileno=int(sys.argv[1])), ready=lambda: None)
