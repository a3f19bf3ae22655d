"""A call of a flow: what is sent, when it is tried again, and that no secret comes back."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from services.executor.domain.events import EffectDone
from services.executor.domain.json_value import Json
from services.executor.domain.requests import EffectRequest
from services.executor.domain.secret_marks import with_marks
from services.executor.ports import Answer, Forbidden, NoAnswer, SecretName, TooSlow, Unreachable
from services.executor.usecases import CallOutside

EFFECT = "0123456789abcdef0123456789abcdef"
KEY = "cedar/31 7"
STARTED = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


@dataclass
class Clock:
    """Time that passes when somebody pauses or calls."""

    passed: float = 0.0
    pauses: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.passed

    def now(self) -> datetime:
        return STARTED + timedelta(seconds=self.passed)

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.passed += seconds


@dataclass
class Api:
    """Outside. Each try takes `takes` seconds and gives the next of `answers`, the last one for ever."""

    clock: Clock
    answers: Sequence[Answer | Exception]
    takes: float = 1.0
    calls: list[tuple[str, str, Mapping[str, str], bytes, float | None]] = field(default_factory=list)

    async def call(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes = b"", seconds: float | None = None
    ) -> Answer:
        self.calls.append((method, url, headers, body, seconds))
        self.clock.passed += self.takes if seconds is None else min(self.takes, seconds)
        answer = self.answers[min(len(self.calls), len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass
class Safe:
    """Secrets in memory, per organization."""

    held: dict[tuple[UUID, str], str] = field(default_factory=dict)

    async def put(self, *, organization_id: UUID, name: str, value: str) -> bool:
        self.held[organization_id, name] = value
        return True

    async def names(self, *, organization_id: UUID) -> Sequence[SecretName]:
        return [SecretName(name, STARTED) for owner, name in sorted(self.held) if owner == organization_id]

    async def delete(self, *, organization_id: UUID, name: str) -> bool:
        return self.held.pop((organization_id, name), None) is not None

    async def values(self, *, organization_id: UUID, names: Collection[str]) -> Mapping[str, str]:
        return {name: self.held[organization_id, name] for name in names if (organization_id, name) in self.held}


@dataclass
class Scene:
    """One call with everything round it."""

    api: Api
    clock: Clock
    safe: Safe
    organization_id: UUID
    tries: list[str] = field(default_factory=list)

    async def call(self, *, kind: str = "http", age: float = 0.0, seconds: float = 60.0, **request: Json) -> EffectDone:
        call = CallOutside(
            self.api,
            self.safe,
            now=self.clock.now,
            monotonic=self.clock.monotonic,
            pause=self.clock.pause,
            dice=lambda: 0.5,
            on_try=self.tries.append,
        )
        made: dict[str, Json] = {"url": "https://shop.example/x", "retry_delay_seconds": 2, **request}
        effect = EffectRequest(EFFECT, "ai" if kind == "ai" else "http", made, seconds)
        return await call(self.organization_id, effect, age=age)


def scene(*answers: Answer | Exception, takes: float = 1.0) -> Scene:
    clock, organization_id = Clock(), uuid4()
    return Scene(Api(clock, answers, takes), clock, Safe({(organization_id, "KEY"): KEY}), organization_id)


def said(status: int = 200, body: bytes = b"{}", **headers: str) -> Answer:
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, {"content-type": "application/json", **told}, body)


async def test_a_good_answer_is_told_and_not_asked_for_again() -> None:
    one = scene(said(body=b'{"pots": 3}'))

    assert await one.call() == EffectDone(EFFECT, "ok", 200, {"pots": 3})
    assert one.tries == ["http"]


async def test_every_try_has_the_same_key_and_trace_and_a_span_of_its_own() -> None:
    one = scene(said(503), said())
    await one.call()

    first, second = (headers for _, _, headers, _, _ in one.api.calls)
    assert first["Idempotency-Key"] == second["Idempotency-Key"] == EFFECT
    assert first["traceparent"].split("-")[1] == second["traceparent"].split("-")[1] == EFFECT
    assert first["traceparent"] != second["traceparent"]


async def test_an_author_may_give_a_key_of_their_own() -> None:
    one = scene(said())
    await one.call(headers={"idempotency-key": "order 9"})

    assert [value for name, value in one.api.calls[0][2].items() if name.lower() == "idempotency-key"] == ["order 9"]


@pytest.mark.parametrize("trouble", [said(429), said(500), said(503), Unreachable("no"), TooSlow("no")])
async def test_what_may_pass_is_tried_again_with_pauses(trouble: Answer | Exception) -> None:
    one = scene(trouble, trouble, said())

    assert (await one.call(max_retries=2)).outcome == "ok"
    assert one.clock.pauses == [2.0, 2.0]


@pytest.mark.parametrize("refusal", [said(400), said(404), said(409), Forbidden("no"), NoAnswer("it is packed")])
async def test_what_stays_is_tried_once(refusal: Answer | Exception) -> None:
    one = scene(refusal)

    assert (await one.call(max_retries=5)).outcome == "failed"
    assert len(one.api.calls) == 1


async def test_tries_have_an_end_and_the_last_answer_is_told() -> None:
    one = scene(said(503, b'{"message": "closed"}'))
    done = await one.call(max_retries=2)

    assert (done.outcome, done.status, len(one.api.calls)) == ("failed", 503, 3)
    assert done.error == "The answer was 503: closed"


async def test_an_api_says_when_to_come_again() -> None:
    one = scene(said(429, retry_after="9"), said(503, retry_after="Thu, 26 Nov 2026 12:00:31 GMT"), said())
    await one.call()

    assert one.clock.pauses == [9.0, 20.0]


async def test_nobody_waits_beyond_the_time_the_flow_waits() -> None:
    one = scene(said(429, retry_after="100"))
    done = await one.call(seconds=60)
    assert (done.status, one.clock.pauses) == (429, [])

    slow = scene(TooSlow("no whole answer came within 10 seconds"), takes=99)
    done = await slow.call(seconds=25, timeout_seconds=10, max_retries=5, age=4)
    assert done.outcome == "timeout"
    assert [call[4] for call in slow.api.calls] == [10.0, 9.0]
    assert slow.clock.passed <= 21


async def test_a_call_that_comes_too_late_is_not_made() -> None:
    one = scene(said())

    assert (await one.call(seconds=30, age=30)).outcome == "timeout"
    assert one.api.calls == []


async def test_secrets_are_put_in_at_the_moment_of_the_call_wherever_the_author_named_them() -> None:
    one = scene(said())
    named = with_marks("{{secret.KEY}}")
    await one.call(
        url=with_marks("https://shop.example/{{secret.KEY}}"),
        method="POST",
        query={"k": named},
        headers={"X-Key": named},
        body={"k": named},
    )

    ((_, url, headers, body, _),) = one.api.calls
    assert url == f"https://shop.example/{KEY}?k=cedar%2F31%207"
    assert headers["X-Key"] == KEY
    assert body.decode() == f'{{"k":"{KEY}"}}'


@pytest.mark.parametrize("kind", ["http", "ai"])
async def test_a_secret_that_is_not_there_fails_the_call_by_its_name_and_nothing_is_sent(kind: str) -> None:
    one = scene(said())
    done = await one.call(
        kind=kind, secret="SPARE", base_url="https://m.example", model="m", body=with_marks("{{secret.SPARE}}")
    )

    assert done.outcome == "failed"
    assert "SPARE" in done.error
    assert one.api.calls == []


async def test_another_organizations_secret_is_not_there() -> None:
    one = scene(said())
    one.organization_id = uuid4()

    assert "KEY" in (await one.call(body=with_marks("{{secret.KEY}}"))).error


@pytest.mark.parametrize(
    "answer",
    [
        said(body=b'{"you sent": "cedar/31 7", "and": ["cedar%2F31%207", "cedar/31 7!"]}'),
        said(401, b'{"error": {"message": "bad key cedar/31 7"}}'),
        Answer(200, {}, b"<p>cedar/31 7</p>"),
        Forbidden("cedar/31 7 leads to an address that may not be called"),
        Unreachable("the name cedar/31 7 cannot be found"),
    ],
)
async def test_what_comes_back_holds_no_secret(answer: Answer | Exception) -> None:
    one = scene(answer)
    done = await one.call(headers={"X-Key": with_marks("{{secret.KEY}}")}, max_retries=0)

    assert "cedar" not in repr(done)
    assert "***" in repr(done)


async def test_a_model_is_asked_with_its_key_and_people_cannot_name_secrets_in_what_they_say() -> None:
    one = scene(said(body=b'{"choices": [{"message": {"content": "Hi"}}]}'))
    messages: Json = [{"role": "user", "content": with_marks("{{secret.KEY}}")}]
    done = await one.call(kind="ai", base_url="https://m.example", model="m", secret="KEY", messages=messages)

    ((_, url, headers, body, _),) = one.api.calls
    assert (url, headers["Authorization"]) == ("https://m.example/chat/completions", f"Bearer {KEY}")
    assert KEY not in body.decode()
    assert done.body == {"content": "Hi", "usage": {}}
    assert one.tries == ["ai"]
