"""How a number and a template stand, and what that means for a campaign."""

from __future__ import annotations

from dataclasses import dataclass

# Meta refuses every message made from a template in these; of others the answer to a message tells.
STOPPED = frozenset({"PAUSED", "DISABLED", "REJECTED", "PENDING", "DELETED", "ARCHIVED", "LOCKED"})
# Meta lowers what it allows where people complain: half the pace lets the rating recover before it is RED.
_YELLOW_SHARE = 0.5

_TIERS = {
    "TIER_50": 50, "TIER_250": 250, "TIER_1K": 1_000, "TIER_2K": 2_000, "TIER_10K": 10_000, "TIER_100K": 100_000,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is known at this moment; a text is empty when nobody told.

    `template_trouble` is what Meta refuses the template for, `paused` why nothing of the number leaves now and for how
    many seconds. `users_left` is how many more users its portfolio may reach within a day, None when nobody set that.
    """

    messages_per_second: float
    quality_rating: str = ""
    messaging_limit: str = ""
    template_status: str = ""
    template_reason: str = ""
    template_quality: str = ""
    template_trouble: str = ""
    paused: str = ""
    paused_seconds: float = 0.0
    users_left: int | None = None


def halt_of(standing: Standing, template: str) -> str | None:
    """Why a campaign has to stop until somebody resumes it; None when it may go on."""
    if standing.quality_rating == "RED":
        return "Meta rates the number RED; resume once its quality is better"
    if standing.template_status in STOPPED:
        reason = f" ({standing.template_reason})" if standing.template_reason not in ("", "NONE") else ""
        return f"the template {template} is {standing.template_status} at Meta{reason}; resume once it is approved"
    if standing.template_quality == "RED":
        return f"Meta rates the template {template} RED; resume once its quality is better"
    if standing.template_trouble:
        return f"Meta refuses the template {template}: {standing.template_trouble}; resume once it is mended"
    return None


def pace_of(per_hour: int, standing: Standing) -> int:
    """How many messages an hour a campaign sends at most, by its plan and the number's quality."""
    return max(int(per_hour * _YELLOW_SHARE), 1) if standing.quality_rating == "YELLOW" else per_hour


def users_a_day(messaging_limit: str) -> int | None:
    """How many users a day Meta's tier lets a number begin with; None when it sets no bound or told none."""
    return _TIERS.get(messaging_limit.upper())
