"""What sender remembers outside Postgres: limits in Redis, pauses and what is known of numbers in memory.

All of it may be lost.
"""

from services.sender.cache.ages import StatusAges
from services.sender.cache.calls import ManagementCalls
from services.sender.cache.numbers import FACTS_SECONDS, Numbers
from services.sender.cache.pace import NumberLimits
from services.sender.cache.pauses import Pauses
from services.sender.cache.templates import Templates

__all__ = ["FACTS_SECONDS", "ManagementCalls", "NumberLimits", "Numbers", "Pauses", "StatusAges", "Templates"]
