"""What each Graph API error code means for a message that was not accepted.

Source: Meta's page of Cloud API error codes (December 2025 and September 2026). The HTTP status that comes with a code
is no guide: permission errors come with 500, throttling with 400.
"""

from __future__ import annotations

# The token is wrong, has expired or lacks a permission; 200 to 299 as well.
CREDENTIALS = frozenset({0, 3, 10, 190, 131005, *range(200, 300)})
# The number is gone, not registered, without certificate or name, or stopped for spam.
NUMBER = frozenset({33, 131037, 131045, 131048, 133000, 133005, 133006, 133008, 133009, 133010})
# The account is restricted, owes money or has not agreed to terms.
ACCOUNT = frozenset({368, 131031, 131042, 131044, 131064, 134011})

PAIR_LIMIT = 131056
NUMBER_LIMIT = 130429
# Limits of calls per app or account, and of what else backs off without having been processed.
CALL_LIMITS = frozenset({4, 613, 80007, 131208, 139102, 139103})
# The number is in maintenance or may not register yet: seconds until the next try, for the whole number.
NUMBER_AWAY = {131057: 20.0, 133015: 300.0, 133016: 259200.0, 2494100: 180.0}
# This one message may be tried again after so many seconds.
LATER = {131049: 86400.0, 132015: 600.0, 132069: 3600.0, 134101: 600.0}

# Server trouble: whether the message went out is not known. Code 1 may as well be our fault, so it gets few tries.
OUTCOME_UNKNOWN = frozenset({1, 2, 131000, 131016, 133004})
MAYBE_OUR_FAULT = 1

# Codes that refuse the message for good even when they come with a 5xx.
PERMANENT = frozenset(
    {
        100, 130403, 130472, 130497, 130501,
        131008, 131009, 131014, 131020, 131021, 131026, 131030, 131035, 131036, 131041, 131047,
        131050, 131051, 131052, 131053, 131055, 131059, 131060, 131062, 131063,
        131201, 131202, 131204, 131207, *range(131209, 131216),
        132000, 132001, 132005, 132007, 132008, 132012, 132016, 132018, 132068,
        134100, 134102, 135000, 137000, *range(138000, 138019), *range(139000, 139005), 139100, 139101,
        *range(147001, 147006), *range(2388000, 2389000), 2593107, 2593108, 2593109,
    }
)  # fmt: skip
