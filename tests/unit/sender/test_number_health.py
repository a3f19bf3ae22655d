"""What the Graph API tells of a number and its token, and what is to be mended."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from services.sender.domain.health import (
    NumberState,
    callback_of,
    on_scopes,
    on_subscription,
    on_token,
    on_webhook,
    state_of,
    token_of,
)
from services.sender.ports import NumberFacts
from services.sender.ports.teams import Backlog, Failures
from services.sender.usecases.health import TellHealth

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
ORGANIZATION = UUID(int=7)
NUMBER, WABA = "700800900", "555000"
ALL = ["whatsapp_business_messaging", "whatsapp_business_management"]


def debugged(**changes: Any) -> dict[str, Any]:
    granular = [{"scope": scope, "target_ids": [WABA]} for scope in ALL]
    data = {"is_valid": True, "app_id": "9", "scopes": ALL, "granular_scopes": granular, "expires_at": 0}
    return {"data": data | changes}


def test_a_number_that_tells_all_is_read_and_one_that_tells_nothing_is_no_error() -> None:
    told = {
        "quality_rating": "YELLOW", "throughput": {"level": "HIGH"}, "status": "CONNECTED",
        "whatsapp_business_manager_messaging_limit": "TIER_10K",
    }  # fmt: skip
    assert state_of(told) == NumberState("YELLOW", "TIER_10K", "HIGH", "CONNECTED")
    assert state_of({"throughput": "HIGH", "quality_rating": None}) == NumberState()
    assert state_of({"messaging_limit_tier": "TIER_2K"}).messaging_limit == "TIER_2K"


def test_the_numbers_own_address_goes_before_its_accounts_and_the_apps() -> None:
    of_app = {"application": "https://app.example/"}
    of_account = {**of_app, "whatsapp_business_account": "https://waba.example/"}
    own = {**of_account, "phone_number": "https://own.example/"}
    found = [callback_of({"webhook_configuration": each}) for each in (of_app, of_account, own, {}, [])]
    assert found == ["https://app.example/", "https://waba.example/", "https://own.example/", "", ""]


@pytest.mark.parametrize(
    ("changes", "result", "word"),
    [
        ({}, "ok", "takes the token"),
        ({"is_valid": False, "error": {"message": "Session has expired"}}, "problem", "Session has expired"),
        ({"is_valid": "yes"}, "problem", "does not say why"),
        ({"expires_at": int(NOW.timestamp()) + 7200}, "problem", "2 hours"),
        ({"expires_at": int(NOW.timestamp()) + 90 * 86_400}, "ok", ""),
    ],
)
def test_a_token_that_serves_no_more_or_not_for_long_is_a_problem(
    changes: Mapping[str, Any], result: str, word: str
) -> None:
    finding = on_token(token_of(debugged(**changes)), now=NOW.timestamp())
    assert finding.result == result
    assert word in finding.text
    assert bool(finding.mend) == (result == "problem")


def test_a_scope_that_is_missing_is_named() -> None:
    assert on_scopes(token_of(debugged())).result == "ok"
    finding = on_scopes(token_of(debugged(scopes=ALL[:1])))
    assert (finding.result, ALL[1] in finding.text, ALL[0] in finding.text) == ("problem", True, False)


@pytest.mark.parametrize(("apps", "result"), [(["9"], "ok"), (["8", "9"], "ok"), (["8"], "problem"), ([], "problem")])
def test_the_tokens_app_must_hear_of_the_account(apps: Sequence[str], result: str) -> None:
    told = {"data": [{"whatsapp_business_api_data": {"id": app}} for app in apps]}
    assert on_subscription(told, waba_id=WABA, app_id="9").result == result


def test_webhooks_in_clear_text_are_a_problem_and_an_untold_address_is_unknown() -> None:
    plain = on_webhook({"webhook_configuration": {"application": "http://app.example/"}})
    assert (plain.result, plain.callback_url) == ("problem", "http://app.example/")
    assert on_webhook({}).result == "unknown"


class Graph:
    """Answers by path; keeps what was asked."""

    def __init__(self, **answers: Mapping[str, object] | str) -> None:
        self.answers = {
            NUMBER: {
                "id": NUMBER,
                "quality_rating": "GREEN",
                "webhook_configuration": {"application": "https://a.ex/"},
            },
            "debug_token": debugged(),
            f"{WABA}/phone_numbers": {"data": [{"id": NUMBER}]},
            f"{WABA}/subscribed_apps": {"data": [{"whatsapp_business_api_data": {"id": "9"}}]},
        } | answers

    async def ask(self, path: Sequence[str], query: Mapping[str, str], *, token: str) -> Mapping[str, object] | str:
        assert token == "EAAtoken"
        answer: Mapping[str, object] | str = self.answers["/".join(path)]
        return answer


class Tokens:
    async def tokens_of(self, *, organization_id: UUID) -> dict[str, str]:
        return {NUMBER: "EAAtoken", "7": ""}


class Book:
    async def backlogs(self, *, organization_id: UUID) -> Mapping[str, Backlog]:
        return {NUMBER: Backlog(3, NOW)}

    async def failures(self, *, organization_id: UUID) -> Mapping[str, Sequence[Failures]]:
        return {NUMBER: [Failures(code, 1, "no", NOW) for code in range(20)]}


class Numbers:
    async def pauses_of(self, *, organization_id: UUID, phone_number_ids: Sequence[str]) -> Mapping[str, Sequence[str]]:
        return {NUMBER: ["a pause"]}

    async def account_of(self, *, organization_id: UUID, phone_number_id: str) -> str:
        return WABA

    async def facts_of(self, *, organization_id: UUID, phone_number_id: str) -> NumberFacts:
        return NumberFacts(messages_per_second=1000, users_per_day=2000, quality="YELLOW")


class Calls:
    """So many calls of the account may be made; then none for two and a half seconds."""

    def __init__(self, left: int) -> None:
        self.left = left

    async def take(self, account: str) -> float:
        assert account == WABA
        self.left -= 1
        return 0.0 if self.left >= 0 else 2.5


def health(*, calls: int = 100, **answers: Mapping[str, object] | str) -> TellHealth:
    everything: Any = (Tokens(), Graph(**answers), Book(), Numbers(), Calls(calls))
    return TellHealth(*everything, lambda: NOW)


async def results(of: TellHealth) -> dict[str, str]:
    found = await of.check(organization_id=ORGANIZATION)
    return {each.finding.check: each.finding.result for each in found if each.phone_number_id == NUMBER}


async def test_a_number_with_nothing_to_mend_has_four_good_findings() -> None:
    assert await results(health()) == dict.fromkeys(("token", "scopes", "subscription", "webhook"), "ok")


async def test_a_token_that_does_not_open_is_told_without_asking_meta() -> None:
    found = await health().check(organization_id=ORGANIZATION)
    assert [each.finding.text for each in found if each.phone_number_id == "7"] == [
        "the stored token does not open; check SEALING_KEYS"
    ]


async def test_what_meta_refuses_is_told_as_far_as_it_goes() -> None:
    assert await results(health(**{NUMBER: "refused"})) == {"token": "problem"}
    assert await results(health(debug_token="refused")) == {"token": "ok", "scopes": "unknown", "webhook": "ok"}
    assert (await results(health(**{f"{WABA}/subscribed_apps": "refused"})))["subscription"] == "unknown"
    elsewhere: Mapping[str, object] = {"data": [{"id": "1"}]}
    assert (await results(health(**{f"{WABA}/phone_numbers": elsewhere})))["subscription"] == "unknown"


async def test_an_account_is_not_asked_about_more_often_than_it_may_be() -> None:
    assert await results(health(calls=0)) == {"token": "unknown"}
    assert await results(health(calls=1)) == {"token": "ok", "scopes": "unknown", "webhook": "ok"}
    assert (await results(health(calls=3)))["subscription"] == "unknown"
    assert (await results(health(calls=4)))["subscription"] == "ok"
    one, _ = await health(calls=0).of_numbers(organization_id=ORGANIZATION, phone_number_id="")
    assert one.problem == "its account was asked about too often; it may be again in 3 seconds"
    assert one.backlog.queued == 3


async def test_health_is_metas_word_beside_our_own() -> None:
    one, unopened = await health().of_numbers(organization_id=ORGANIZATION, phone_number_id="")
    assert (one.state.quality_rating, one.problem, one.backlog) == ("GREEN", "", Backlog(3, NOW))
    assert [each.error_code for each in one.failures] == list(range(10))
    assert "SEALING_KEYS" in unopened.problem
    # What Meta does not tell now it told by webhook.
    assert unopened.state.quality_rating == "YELLOW"
    assert (one.facts.messages_per_second, one.facts.users_per_day) == (1000, 2000)
    assert (list(one.pauses), list(unopened.pauses)) == (["a pause"], [])
    (chosen,) = await health().of_numbers(organization_id=ORGANIZATION, phone_number_id="7")
    assert (chosen.phone_number_id, chosen.backlog) == ("7", Backlog(0, None))
