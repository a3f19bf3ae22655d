"""Secrets at rest: sealed to the row they belong to, and moved to a new key without anybody noticing; names of people
who were erased, known again without being kept.

See docs/decisions/0023-secrets-and-logs.md for why, docs/operators.md ("Secrets") for the steps of a rotation.
"""

from services.chassis.sealing.names import NameHasher
from services.chassis.sealing.resealing import Resealing, SealedColumn, SealedCount
from services.chassis.sealing.sealer import KEY_BYTES, SealBroken, Sealer, key_id_of
from services.chassis.sealing.server import SealingServer

__all__ = [
    "KEY_BYTES",
    "NameHasher",
    "Resealing",
    "SealBroken",
    "SealedColumn",
    "SealedCount",
    "Sealer",
    "SealingServer",
    "key_id_of",
]
