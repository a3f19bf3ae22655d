"""The way out to addresses that a tenant chose: only public ones, each looked up once, checked, dialled as checked.

Rooms that call such addresses (flows' calls in executor, signed webhooks in sender) are given the policy of their
settings in app.py.
"""

from services.chassis.egress.addresses import Network, networks_of, ports_of
from services.chassis.egress.client import Egress
from services.chassis.egress.refusals import Answer, Forbidden, NoAnswer, TooSlow, Unreachable

__all__ = ["Answer", "Egress", "Forbidden", "Network", "NoAnswer", "TooSlow", "Unreachable", "networks_of", "ports_of"]
