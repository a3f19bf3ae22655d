"""A call outside, from a flow's request to what it came to: secrets put in, tried, tried again, judged."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote
from uuid import UUID

from services.chassis.clock import Monotonic, Now
from services.executor.domain.events import EffectDone
from services.executor.domain.json_value import Json, text_at
from services.executor.domain.replies import failed, judged, may_be_repeated, seconds_to_wait
from services.executor.domain.requests import EffectRequest, HttpRequest, RequestRefused, ai_request, http_request
from services.executor.domain.secret_marks import marked_names, masked, put_in
from services.executor.ports import Answer, Forbidden, NoAnswer, Outside, Secrets, TooSlow, Unreachable

# A shorter value would take ordinary words out of what an API says.
_SHORTEST_MASKED = 4
# A pause is between a half and one and a half times as long as was asked for.
_JITTER = 0.5


class _UnknownSecret(Exception):
    """The organization has no secret with this name."""


@dataclass(frozen=True, slots=True)
class _Prepared:
    request: HttpRequest
    forms: re.Pattern[str] | None


class CallOutside:
    """Makes one call of a flow. What it gives holds no secret: neither errors nor answers quote one."""

    def __init__(
        self,
        outside: Outside,
        secrets: Secrets,
        *,
        now: Now,
        monotonic: Monotonic,
        pause: Callable[[float], Awaitable[None]],
        dice: Callable[[], float],
        on_try: Callable[[str], None],
    ) -> None:
        """`dice` gives 0 to 1; `on_try` is told the kind of call of each try."""
        self._outside = outside
        self._secrets = secrets
        self._now = now
        self._monotonic = monotonic
        self._pause = pause
        self._dice = dice
        self._on_try = on_try

    async def __call__(self, organization_id: UUID, effect: EffectRequest, *, age: float) -> EffectDone:
        """Call; `age` is how many seconds ago the flow asked for it. Raises Unavailable: the secrets are out of reach.

        Safe to repeat: every try, in whatever process, has the same Idempotency-Key.
        """
        deadline = self._monotonic() + effect.seconds - age
        if age >= effect.seconds:
            return failed(effect.effect_id, "The call was not made: it came too late.", outcome="timeout")
        try:
            prepared = await self._prepare(organization_id, effect)
        except _UnknownSecret as error:
            return failed(effect.effect_id, f"There is no secret {error}: put it with `pytake flow secret put`.")
        except RequestRefused as error:
            return failed(effect.effect_id, str(error))
        done = await self._try(effect, prepared.request, deadline)
        told = str(masked(done.error, prepared.forms))
        return replace(done, body=masked(done.body, prepared.forms), error=told)

    async def _prepare(self, organization_id: UUID, effect: EffectRequest) -> _Prepared:
        request: dict[str, Json] = dict(effect.request)
        key_name = text_at(request, "secret") if effect.kind == "ai" else ""
        names = ({key_name} if key_name else set()) if effect.kind == "ai" else marked_names(request)
        found = await self._secrets.values(organization_id=organization_id, names=names) if names else {}
        for name in sorted(names):
            if name not in found:
                raise _UnknownSecret(name)
        if effect.kind == "ai":
            return _Prepared(ai_request(request, found.get(key_name, "")), _forms_of(found))
        filled = put_in(request, found)
        assert isinstance(filled, dict)
        return _Prepared(http_request(filled), _forms_of(found))

    async def _try(self, effect: EffectRequest, request: HttpRequest, deadline: float) -> EffectDone:
        number = 0
        while True:
            answer = await self._once(effect, request, number, deadline)
            wait = self._wait(request, answer, number)
            if wait is None or self._monotonic() + wait >= deadline:
                return _told(effect, answer)
            await self._pause(wait)
            number += 1

    async def _once(
        self, effect: EffectRequest, request: HttpRequest, number: int, deadline: float
    ) -> Answer | Forbidden | NoAnswer:
        self._on_try(effect.kind)
        seconds = min(request.seconds, max(deadline - self._monotonic(), 0.0))
        try:
            return await self._outside.call(
                request.method,
                request.url,
                headers=_with_trace(request.headers, effect.effect_id, number),
                body=request.body,
                seconds=seconds,
            )
        except (Forbidden, NoAnswer) as error:
            return error

    def _wait(self, request: HttpRequest, answer: Answer | Forbidden | NoAnswer, number: int) -> float | None:
        """Seconds until the next try; None when there is none."""
        if number >= request.retries:
            return None
        pause = request.pause * (_JITTER + self._dice())
        if isinstance(answer, TooSlow | Unreachable):
            return pause
        if isinstance(answer, Answer) and may_be_repeated(answer.status):
            return max(pause, seconds_to_wait(answer.headers.get("retry-after", ""), self._now()))
        return None


def _told(effect: EffectRequest, answer: Answer | Forbidden | NoAnswer) -> EffectDone:
    if isinstance(answer, Answer):
        return judged(
            effect.effect_id,
            effect.kind,
            effect.request,
            status=answer.status,
            media_type=answer.headers.get("content-type", ""),
            content=answer.body,
        )
    sentence = f"The call gave no answer: {answer}."
    if isinstance(answer, TooSlow):
        return failed(effect.effect_id, sentence, outcome="timeout")
    return failed(effect.effect_id, sentence)


def _with_trace(headers: Mapping[str, str], effect_id: str, number: int) -> dict[str, str]:
    """What every try says of itself, unless the author says it: which call it is a try of."""
    span = hashlib.sha256(f"{effect_id}#{number}".encode()).hexdigest()[:16]
    said = {name.lower() for name in headers}
    own = {"Idempotency-Key": effect_id, "traceparent": f"00-{effect_id}-{span}-00"}
    return {**headers, **{name: value for name, value in own.items() if name.lower() not in said}}


def _forms_of(secrets: Mapping[str, str]) -> re.Pattern[str] | None:
    """The forms in which a value may come back: as it is, in a URL, in JSON."""
    forms = {
        form
        for value in secrets.values()
        if len(value) >= _SHORTEST_MASKED
        for form in (value, quote(value, ""), json.dumps(value)[1:-1])
    }
    return re.compile("|".join(map(re.escape, sorted(forms, key=len, reverse=True)))) if forms else None
