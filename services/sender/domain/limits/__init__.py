"""What Meta takes in a body of `POST /{phone_number_id}/messages`, checked before any call.

Sources: Meta's pages of message types (September 2026). Meta does not say how it counts: characters here are Unicode
code points.
"""

from services.sender.domain.limits.checking import broken_limit, broken_limits

__all__ = ["broken_limit", "broken_limits"]
