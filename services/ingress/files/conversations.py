"""What was said in conversations, as a file."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from services.chassis.clock import Now
from services.chassis.errors import InvalidArgument, Unavailable
from services.ingress.analytics import refuse_unknown
from services.ingress.domain.log_files import MESSAGES, Row
from services.ingress.domain.people import OrganizationView
from services.ingress.domain.transcripts import Cover, in_order, message_of, parts_of, split_last_moment
from services.ingress.files import streamed
from services.ingress.ports import Executor, Reports
from services.pb.common.v1 import errors_pb2

MOST_PHONE_NUMBERS = 100
# A PDF is laid out as a whole, and nobody reads a longer one: some 500 pages.
MOST_MESSAGES = 10_000
MOST_CHARACTERS = 2_000_000
MOST_PDFS = 4
_TOO_MUCH = (
    f"until: a PDF holds at most {MOST_MESSAGES:,} messages and {MOST_CHARACTERS:,} characters, and there are more; "
    "give a shorter time by since and until, fewer phone_numbers, or another format"
)

ConversationForm = Literal["csv", "jsonl", "parquet", "pdf"]
OnRows = Callable[[Sequence[Row]], None]


class Organizations(Protocol):
    """Where an organization lives, and its name."""

    async def organization(self, *, organization_id: UUID) -> OrganizationView:
        """One organization. Raises NotFound or Unavailable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be in the file. Phone numbers in digits, none means of everybody; None means every flow, or no end."""

    phone_numbers: Sequence[str] = ()
    flow_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


class ConversationFiles:
    """Files of one organization at a time."""

    def __init__(self, *, executor: Executor, reports: Reports, organizations: Organizations, now: Now) -> None:
        self._executor = executor
        self._reports = reports
        self._organizations = organizations
        self._now = now
        # Laying out takes a processor for seconds: webhooks keep the other share of this process.
        self._pdf_turn = asyncio.Semaphore(1)
        self._wanting_pdf = Counter[UUID]()

    async def export(
        self, *, organization_id: UUID, form: ConversationForm, wanted: Wanted, on_rows: OnRows = lambda _: None
    ) -> AsyncIterator[bytes]:
        """The file part by part: by time, or contact by contact as asked for and then by time.

        `on_rows` is told what goes in. Raises NotFound for an unknown flow, InvalidArgument when a PDF would hold more
        than MOST_MESSAGES or MOST_CHARACTERS, or Unavailable, also when MOST_PDFS of the organization are being made.
        What fails later is raised while the file is read.
        """
        flows = await self._executor.list_flows(organization_id=organization_id)
        names = {flow.id: flow.name for flow in flows}
        if wanted.flow_id is not None:
            refuse_unknown(names, wanted.flow_id)
        pages = self._pages(organization_id, wanted, names, on_rows)
        if form == "pdf":
            with self._counted(organization_id):
                return _at_once(await self._pdf(organization_id, wanted, pages))
        first = await anext(pages)
        return streamed(form, MESSAGES, _chained(first, pages))

    @contextmanager
    def _counted(self, organization_id: UUID) -> Iterator[None]:
        """Who asks again and again, and does not wait, must not keep everybody else waiting."""
        if self._wanting_pdf[organization_id] >= MOST_PDFS:
            sentence = f"{MOST_PDFS} PDFs of your organization are being made; ask again when one is done"
            raise Unavailable(sentence, reason=errors_pb2.ERROR_REASON_RATE_LIMITED)
        self._wanting_pdf[organization_id] += 1
        try:
            yield
        finally:
            self._wanting_pdf[organization_id] -= 1
            self._wanting_pdf += Counter()  # those at zero go

    async def _pdf(self, organization_id: UUID, wanted: Wanted, pages: AsyncIterator[list[Row]]) -> bytes:
        # 5 MiB that a process pays with its first PDF only (decision 0036).
        from services.ingress.files.pdf import transcripts

        organization = await self._organizations.organization(organization_id=organization_id)
        cover = Cover(
            organization=organization.name,
            time_zone=organization.time_zone,
            since=wanted.since,
            until=wanted.until,
            written_at=self._now(),
        )
        async with self._pdf_turn:
            messages: list[Row] = []
            characters = 0
            async for page in pages:
                messages += page
                characters += sum(len(str(message["text"])) for message in page)
                if len(messages) > MOST_MESSAGES or characters > MOST_CHARACTERS:
                    raise InvalidArgument(_TOO_MUCH)
            return await asyncio.to_thread(transcripts, cover, parts_of(messages))

    async def _pages(
        self, organization_id: UUID, wanted: Wanted, names: Mapping[str, str], on_rows: OnRows
    ) -> AsyncIterator[list[Row]]:
        """What was said, in order. A moment may lie on two pages of the log: it is given with the second."""
        for phone_number in dict.fromkeys(wanted.phone_numbers) or ("",):
            cursor, held = "", list[Row]()
            while True:
                found = await self._reports.records(
                    organization_id=organization_id,
                    flow_id=wanted.flow_id,
                    since=wanted.since,
                    until=wanted.until,
                    cursor=cursor,
                    phone_number=phone_number,
                    only_messages=True,
                )
                cursor = found.cursor
                ready = held + [message_of(record.columns, names) for record in found.records]
                ready, held = split_last_moment(ready) if cursor else (ready, [])
                on_rows(ready)
                yield in_order(ready)
                if not cursor:
                    break


async def _chained(first: list[Row], pages: AsyncIterator[list[Row]]) -> AsyncIterator[list[Row]]:
    yield first
    async for page in pages:
        yield page


async def _at_once(whole: bytes) -> AsyncIterator[bytes]:
    yield whole
