"""All webhooks that leave the simulator: one queue a business number, signed on the way out."""

import random
import secrets
from collections.abc import Mapping, Sequence

from . import webhooks
from .clock import Clock
from .delivery import Webhook, WebhookQueue
from .plans import BusinessNumber, DeliveryPlan
from .posting import Poster


class Outbox:
    """Looks up a number's webhook address when it posts, so replacing a number redirects what waits."""

    def __init__(
        self, *, numbers: Mapping[str, BusinessNumber], poster: Poster, clock: Clock, dice: random.Random
    ) -> None:
        self.plan = DeliveryPlan()
        self._numbers, self._poster, self._clock, self._dice = numbers, poster, clock, dice
        self._queues: dict[str, WebhookQueue] = {}
        self._silenced = 0

    def tell(self, phone_number_id: str, webhook: Webhook, delay: float = 0.0) -> None:
        """Queue a webhook; to a number without address or subscription Meta stays silent, for good."""
        number = self._numbers[phone_number_id]
        if number.webhook_url and number.subscribed:
            self._queue(phone_number_id).put(webhook, delay)
        else:
            self._silenced += 1

    def counts(self) -> dict[str, object]:
        """Webhooks that wait, were taken or never left, and POSTs that had to be repeated."""
        queues = self._queues.values()
        return {
            "pending_webhooks": sum(queue.pending for queue in queues),
            "taken_webhooks": sum(queue.taken for queue in queues),
            "refused_webhook_posts": sum(queue.refused_posts for queue in queues),
            "silenced_webhooks": self._silenced,
        }

    async def verify(self, url: str, verify_token: str) -> str:
        """Meta's handshake with a webhook address; the empty string, or what was wrong with the answer."""
        challenge = secrets.token_hex(8)
        query = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": verify_token}
        status, body = await self._poster.fetch(url, query)
        if status != 200:
            return f"HTTP Status Code = {status}"
        return "" if body == challenge else "The challenge was not returned"

    async def close(self) -> None:
        """Stop delivering; webhooks that wait are lost."""
        for queue in self._queues.values():
            await queue.close()
        await self._poster.close()

    def _queue(self, phone_number_id: str) -> WebhookQueue:
        queue = self._queues.get(phone_number_id)
        if queue is None:
            queue = self._queues[phone_number_id] = self._new_queue(phone_number_id)
        return queue

    def _new_queue(self, phone_number_id: str) -> WebhookQueue:
        async def post(values: Sequence[webhooks.JsonObject]) -> bool:
            return await self._post(self._numbers[phone_number_id], values)

        return WebhookQueue(post=post, plan=lambda: self.plan, clock=self._clock, dice=self._dice)

    async def _post(self, number: BusinessNumber, values: Sequence[webhooks.JsonObject]) -> bool:
        body = webhooks.encode(webhooks.envelope(number, values))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "facebookexternalua",
            "X-Hub-Signature-256": webhooks.signature(number.app_secret, body),
        }
        return await self._poster.post(number.webhook_url, body, headers, self.plan.timeout_seconds)
