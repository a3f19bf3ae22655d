"""The way out for what flows call: only public addresses, each looked up once, checked, and dialled as checked.

The worker of effects is the only one that calls it (app.py gives it the policy of the settings).
"""

from services.executor.egress.addresses import networks_of, ports_of
from services.executor.egress.client import Egress

__all__ = ["Egress", "networks_of", "ports_of"]
