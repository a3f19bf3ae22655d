"""What an answer means for others than the message it is about: its number, its account, its token, its template."""

from __future__ import annotations

from collections.abc import Collection

from services.chassis.logs import get_logger
from services.sender.domain.answers import Accepted, Answer, Done, Paused, Refused, Throttled
from services.sender.domain.codes import COUNTRY_RESTRICTED, RULES, Action, Scope
from services.sender.domain.patience import rest_after
from services.sender.ports import NumberFacts
from services.sender.worker.gates import Ask
from services.sender.worker.surroundings import Surroundings

_log = get_logger(__name__)


async def conclude(around: Surroundings, ask: Ask, facts: NumberFacts, answer: Answer, number: int) -> float | None:
    """Note what other lanes should know of the answer to call `number`; gives how long this one rests."""
    wait = rest_after(answer, number=number, reconcile_seconds=around.reconcile_seconds)
    match answer:
        case Accepted() | Done(code=0, text=""):
            await _works(around, ask, facts)
        case Refused():
            if answer.action is Action.ALERT:
                _log.warning("meta_alerts", organization_id=str(ask.organization_id), code=answer.code)
            if answer.code == COUNTRY_RESTRICTED:
                await _keep_from_country(around, ask, facts, answer)
            if answer.code:
                await _works(around, ask, facts, but=(Scope.TEMPLATE, Scope.COUNTRY))
        case Paused():
            return await _pause(around, ask, facts, answer.scope, answer.code, answer.text, wait)
        case Throttled(Scope.NUMBER, action=Action.RETRY_AFTER):
            return await _pause(around, ask, facts, Scope.NUMBER, answer.code, answer.text, wait)
        case Throttled():
            return await _slow_down(around, ask, facts, answer, wait or 0.0)
        case _:
            pass
    return wait


async def _works(around: Surroundings, ask: Ask, facts: NumberFacts, *, but: Collection[Scope] = ()) -> None:
    """Meta looked at the message: what might have been paused is not."""
    if not around.pauses.is_empty:
        await around.pauses.ended([name for scope, name in ask.names(facts).items() if scope not in but])


async def _keep_from_country(around: Surroundings, ask: Ask, facts: NumberFacts, answer: Refused) -> None:
    """What goes to the same country is refused as well."""
    name = ask.names(facts).get(Scope.COUNTRY)
    if name is not None:
        await around.pauses.refused(
            name,
            phone_number_id=ask.errand.phone_number_id,
            code=answer.code,
            text=answer.text,
            seconds=RULES[COUNTRY_RESTRICTED].seconds or 0.0,
        )


async def _pause(
    around: Surroundings, ask: Ask, facts: NumberFacts, scope: Scope, code: int, text: str, wait: float | None
) -> float:
    if scope is Scope.CREDENTIALS:
        around.numbers.forget(ask.key)
    # Only a template can have its template paused; of anything else the code says something about the number.
    name = ask.names(facts).get(scope) or ask.names(facts)[Scope.NUMBER]
    seconds = await around.pauses.refused(
        name, phone_number_id=ask.errand.phone_number_id, code=code, text=text, seconds=wait or 0.0
    )
    return seconds + around.dice()


async def _slow_down(around: Surroundings, ask: Ask, facts: NumberFacts, answer: Throttled, wait: float) -> float:
    """Let the others rest whose limit it is as well; a wait of our own choosing is spread."""
    number = ask.errand.phone_number_id
    if answer.scope is Scope.NUMBER:
        await around.gate.slow_down(number)
        await around.gate.penalize(number, seconds=wait)
    elif answer.scope in (Scope.APP, Scope.WABA):
        for each in around.numbers.alike(ask.key, facts, is_same_app=answer.scope is Scope.APP):
            await around.gate.penalize(each, seconds=wait)
    is_spread = answer.seconds is None and answer.scope is not Scope.PAIR
    return wait * (1 + around.dice()) / 2 if is_spread else wait
