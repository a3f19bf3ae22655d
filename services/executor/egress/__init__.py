"""The way out for what flows call: only public addresses, each looked up once, checked, and dialled as checked.

Made for the HTTP node, which does not run yet: nothing in the room calls it, and tests dial spies only.
"""

from services.executor.egress.addresses import networks_of
from services.executor.egress.client import Answer, Egress
from services.executor.egress.refusals import Forbidden, NoAnswer

__all__ = ["Answer", "Egress", "Forbidden", "NoAnswer", "networks_of"]
