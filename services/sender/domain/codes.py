"""What is done about each error code of Meta's, whether it came as an answer or in a failed status.

Source: Meta's page of Cloud API error codes (December 2025 and September 2026). The HTTP status that comes with a code
is no guide: permission errors come with 500, throttling with 400. It counts only for codes that are not listed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class Action(Enum):
    """What sender does; the values are shown to operators."""

    RETRY_BACKOFF = "retry_backoff"
    RETRY_PAIR = "retry_pair"
    RETRY_AFTER = "retry_after"
    PAUSE_NUMBER = "pause_number"
    PAUSE_WABA = "pause_waba"
    PAUSE_CREDENTIALS = "pause_credentials"
    PAUSE_TEMPLATE = "pause_template"
    REOPEN_WITH_TEMPLATE = "reopen_with_template"
    SUPPRESS_MARKETING = "suppress_marketing"
    FAIL_PERMANENT = "fail_permanent"
    IGNORE = "ignore"
    ALERT = "alert"
    HOLD_UNCERTAIN = "hold_uncertain"


class Scope(Enum):
    """Whom a limit or a stop concerns."""

    MESSAGE = "message"
    PAIR = "pair"
    NUMBER = "number"
    APP = "app"
    CREDENTIALS = "credentials"
    WABA = "waba"
    TEMPLATE = "template"
    COUNTRY = "country"


PAUSES = {
    Action.PAUSE_CREDENTIALS: Scope.CREDENTIALS,
    Action.PAUSE_NUMBER: Scope.NUMBER,
    Action.PAUSE_WABA: Scope.WABA,
    Action.PAUSE_TEMPLATE: Scope.TEMPLATE,
}
"""What stops as a whole until somebody mends something."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What is done about a code.

    `seconds` is how long to wait before the next try (of the first probe, for a pause); None leaves it to patience.
    With `is_doubt` nobody knows whether the message went out: it waits for a status before it is sent again.
    """

    action: Action
    scope: Scope = Scope.MESSAGE
    seconds: float | None = None
    is_doubt: bool = False


_HOUR = 3600.0


def _all(rule: Rule, codes: Iterable[int]) -> dict[int, Rule]:
    return dict.fromkeys(codes, rule)


RULES: dict[int, Rule] = {
    # The token is wrong, has expired or lacks a permission.
    **_all(Rule(Action.PAUSE_CREDENTIALS, Scope.CREDENTIALS), (0, 3, 10, 190, 131005, *range(200, 300))),
    # The number is gone, not registered, without certificate or name.
    **_all(
        Rule(Action.PAUSE_NUMBER, Scope.NUMBER),
        (33, 131037, 131045, 133000, 133005, 133006, 133008, 133009, 133010),
    ),
    # Stopped for spam: asking again soon makes it worse.
    131048: Rule(Action.PAUSE_NUMBER, Scope.NUMBER, _HOUR),
    # The account owes money or has not agreed to terms; is restricted or locked; has used up what it may reach.
    **_all(Rule(Action.PAUSE_WABA, Scope.WABA), (131042, 131044, 134011)),
    **_all(Rule(Action.PAUSE_WABA, Scope.WABA, _HOUR), (368, 131031, 131064)),
    132015: Rule(Action.PAUSE_TEMPLATE, Scope.TEMPLATE, 600.0),
    131056: Rule(Action.RETRY_PAIR, Scope.PAIR),
    130429: Rule(Action.RETRY_BACKOFF, Scope.NUMBER),
    # Limits of calls per app or account, and of what else was not processed.
    **_all(Rule(Action.RETRY_BACKOFF, Scope.APP), (4, 613)),
    80007: Rule(Action.RETRY_BACKOFF, Scope.WABA),
    **_all(Rule(Action.RETRY_BACKOFF), (131208, 139102, 139103)),
    # The number is in maintenance, or may not register yet.
    131057: Rule(Action.RETRY_AFTER, Scope.NUMBER, 20.0),
    2494100: Rule(Action.RETRY_AFTER, Scope.NUMBER, 180.0),
    133015: Rule(Action.RETRY_AFTER, Scope.NUMBER, 300.0),
    133016: Rule(Action.RETRY_AFTER, Scope.NUMBER, 72 * _HOUR),
    # This one message may be tried once more: a user who had enough marketing, a form sent too often, a new template.
    131049: Rule(Action.RETRY_AFTER, seconds=24 * _HOUR),
    132069: Rule(Action.RETRY_AFTER, seconds=_HOUR),
    134101: Rule(Action.RETRY_AFTER, seconds=600.0),
    # Server trouble. Code 1 may as well be our fault, so it gets few tries.
    **_all(Rule(Action.RETRY_BACKOFF, is_doubt=True), (1, 2, 131000, 131016, 133004)),
    131047: Rule(Action.REOPEN_WITH_TEMPLATE),
    131050: Rule(Action.SUPPRESS_MARKETING),
    # What belongs to messages of users; said of one of ours, it is over with it.
    **_all(Rule(Action.IGNORE), (130501, 131052, 131060)),
    131035: Rule(Action.ALERT),
    # The account may not write to the recipient's country.
    130497: Rule(Action.FAIL_PERMANENT, Scope.COUNTRY, _HOUR),
    **_all(
        Rule(Action.FAIL_PERMANENT),
        (
            100, 130403, 130472,
            131008, 131009, 131014, 131020, 131021, 131026, 131030, 131036, 131041,
            131051, 131053, 131055, 131059, 131062, 131063,
            131201, 131202, 131204, 131207, *range(131209, 131216),
            132000, 132001, 132005, 132007, 132008, 132012, 132016, 132018, 132068,
            134100, 134102, 135000, 137000, *range(138000, 138019), *range(139000, 139005), 139100, 139101,
            *range(147001, 147006), *range(2388000, 2389000), 2593107, 2593108, 2593109,
        ),
    ),
}  # fmt: skip
"""By code; where one code means several things, `rule_of_answer` knows."""

MAYBE_OUR_FAULT = 1
COUNTRY_RESTRICTED = 130497
# The file behind a link could not be fetched; it may be there a moment later.
MEDIA_NOT_FETCHED = 131053
_INVALID_PARAMETER = 100
FILE_DOUBTS = frozenset({MEDIA_NOT_FETCHED, _INVALID_PARAMETER})
"""What Meta says of a message with a file that it cannot use, or with an id of one that it keeps no longer (100 is
said of much else too)."""
# The object in the path does not exist, and that is the number.
_NO_SUCH_OBJECT = 33


def rule_of_answer(code: int, *, subcode: int | None, http: int, is_transient: bool) -> Rule:
    """The rule for an error in an answer; a code that is not listed goes by HTTP and Meta's own flag."""
    if code == _INVALID_PARAMETER and subcode == _NO_SUCH_OBJECT:
        return RULES[_NO_SUCH_OBJECT]
    known = RULES.get(code)
    if known is not None:
        return known
    if is_transient or not 400 <= http < 500:
        return Rule(Action.RETRY_BACKOFF, is_doubt=True)
    return Rule(Action.FAIL_PERMANENT)


def rule_of_status(code: int) -> Rule:
    """The rule for a failed status.

    Sender never repeats what Meta had accepted (docs/messages.md says why): waits and tries are for its author.
    """
    return RULES.get(code, Rule(Action.FAIL_PERMANENT))
