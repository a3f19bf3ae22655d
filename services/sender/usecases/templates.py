"""Templates: read from Meta, made and deleted there, listed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Literal, NamedTuple, TypeAlias
from uuid import UUID

import orjson

from services.chassis.errors import FailedPrecondition, InvalidArgument, NotFound, PytakeError, Unavailable
from services.chassis.logs import get_logger
from services.pb.common.v1 import errors_pb2
from services.sender.cache import ManagementCalls, Numbers, Templates
from services.sender.domain.templates import Kept, Template, language_of, template_in
from services.sender.ports import Managed, Management, TemplateStore

CATEGORIES = ("MARKETING", "UTILITY", "AUTHENTICATION")
# Meta's answers are some kilobytes a template, and one is read up to 256 KiB.
_PAGE = 30
# A portfolio has 6,000 templates at most.
_MOST_PAGES = 250
_FIELDS = "id,name,language,status,category,components,quality_score,rejected_reason"
_MOST_COMPONENTS = 64 * 1024
_NAME = re.compile(r"[a-z0-9_]{1,512}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Za-z]{2,4})?")
# An account that could not be read is asked again after so long.
_REST_SECONDS = 600.0
_ACCOUNTS_AT_ONCE = 8

_log = get_logger(__name__)


Method: TypeAlias = Literal["GET", "POST", "DELETE"]


class Reading(NamedTuple):
    """What a reading of an account's templates found."""

    found: int
    changed: int
    removed: int


class Listing(NamedTuple):
    """Templates as they are listed; none when they are what the caller knows already."""

    kept: Kept
    digest: str
    is_unchanged: bool


class _Account(NamedTuple):
    organization_id: UUID
    waba_id: str
    phone_number_id: str
    token: str


class KeepTemplates:
    """Keeps templates as Meta has them. Every method raises errors.Unavailable."""

    def __init__(
        self, store: TemplateStore, graph: Management, numbers: Numbers, calls: ManagementCalls, book: Templates
    ) -> None:
        self._store = store
        self._graph = graph
        self._numbers = numbers
        self._calls = calls
        self._book = book

    async def listing(self, *, organization_id: UUID, phone_number_id: str, known_digest: str) -> Listing:
        """What is known, of one number's account or of all. Raises FailedPrecondition."""
        waba_id = await self._waba_of(organization_id, phone_number_id) if phone_number_id else ""
        kept = await self._store.listed(organization_id=organization_id, waba_id=waba_id)
        digest = _digest(kept)
        return Listing(kept, digest, digest == known_digest)

    async def sync(self, *, organization_id: UUID, phone_number_id: str) -> Reading:
        """Read all templates of a number's account. Raises FailedPrecondition."""
        account = await self._account(organization_id, phone_number_id)
        templates = await self._read(account)
        changed, removed = await self._store.replace(
            organization_id=organization_id,
            waba_id=account.waba_id,
            phone_number_id=phone_number_id,
            templates=templates,
        )
        self._book.forget()
        return Reading(len(templates), changed, removed)

    async def create(
        self, *, organization_id: UUID, phone_number_id: str, name: str, language: str, category: str, components: bytes
    ) -> Template:
        """Make a template at Meta. Raises InvalidArgument, FailedPrecondition."""
        parts = _checked(name, language, category, components)
        account = await self._account(organization_id, phone_number_id)
        wanted = {"name": name, "language": language, "category": category, "components": parts}
        answer = await self._ask(account, "POST", (account.waba_id, "message_templates"), {}, orjson.dumps(wanted))
        made = template_in(account.waba_id, {**wanted, **answer, "name": name}, orjson.dumps(parts).decode())
        if made is None:
            raise Unavailable("Meta's answer names no template; list them", reason=errors_pb2.ERROR_REASON_INTERNAL)
        await self._store.put(organization_id=organization_id, template=made)
        self._book.forget()
        return made

    async def delete(self, *, organization_id: UUID, phone_number_id: str, name: str, language: str) -> int:
        """Delete a template at Meta, in one language or in all; gives how many. Raises NotFound, InvalidArgument."""
        _check_name(name)
        account = await self._account(organization_id, phone_number_id)
        query = {"name": name}
        if language:
            query["hsm_id"] = await self._id_of(account, name, language_of(language))
        await self._ask(account, "DELETE", (account.waba_id, "message_templates"), query)
        removed = await self._store.remove(
            organization_id=organization_id, waba_id=account.waba_id, name=name, language=language_of(language)
        )
        self._book.forget()
        return removed

    async def read_due(self) -> None:
        """Read accounts of which news came, or that were not read for a day; what fails is tried again later."""
        for organization_id, waba_id, phone_number_ids in await self._store.due(
            limit=_ACCOUNTS_AT_ONCE, rest_seconds=_REST_SECONDS
        ):
            for phone_number_id in phone_number_ids:
                (facts,) = await self._numbers.get([(organization_id, phone_number_id)])
                if facts.token is None or facts.waba_id != waba_id:
                    continue
                try:
                    await self.sync(organization_id=organization_id, phone_number_id=phone_number_id)
                except PytakeError as error:
                    _log.info("templates_not_read", organization_id=str(organization_id), reason=error.code)
                break

    async def _read(self, account: _Account) -> list[Template]:
        found: dict[tuple[str, str], Template] = {}
        after = ""
        for _ in range(_MOST_PAGES):
            query = {"fields": _FIELDS, "limit": str(_PAGE)} | ({"after": after} if after else {})
            page = await self._ask(account, "GET", (account.waba_id, "message_templates"), query)
            for told in _objects(page.get("data")):
                parts = told.get("components")
                written = orjson.dumps(parts if isinstance(parts, list) else []).decode()
                template = template_in(account.waba_id, told, written)
                if template is not None:
                    found[template.name, template.language] = template
            after = _next(page)
            if not after:
                return list(found.values())
        raise Unavailable(
            "Meta's list of templates has no end; try again", reason=errors_pb2.ERROR_REASON_REFUSED_BY_META
        )

    async def _ask(
        self, account: _Account, method: Method, path: Sequence[str], query: Mapping[str, str], body: bytes = b""
    ) -> Mapping[str, object]:
        wait = await self._calls.take(account.waba_id)
        if wait > 0:
            sentence = f"the account was asked about too often; it may be again in {int(wait) + 1} seconds"
            raise FailedPrecondition(sentence, reason=errors_pb2.ERROR_REASON_RATE_LIMITED)
        answer = await self._graph.manage(method, path, token=account.token, query=query, body=body)
        return _granted(answer)

    async def _id_of(self, account: _Account, name: str, language: str) -> str:
        kept = await self._store.listed(organization_id=account.organization_id, waba_id=account.waba_id)
        for template in kept.templates:
            if (template.name, template.language) == (name, language) and template.template_id:
                return template.template_id
        sentence = f"no template {name} in {language} is known; read them with SyncTemplates, or correct the name"
        raise NotFound(sentence, reason=errors_pb2.ERROR_REASON_TEMPLATE_NOT_FOUND)

    async def _account(self, organization_id: UUID, phone_number_id: str) -> _Account:
        waba_id = await self._waba_of(organization_id, phone_number_id)
        (facts,) = await self._numbers.get([(organization_id, phone_number_id)])
        if facts.token is None:
            sentence = f"the number {phone_number_id} has no access token; put one with `pytake apply`"
            raise FailedPrecondition(sentence, reason=errors_pb2.ERROR_REASON_CREDENTIAL_NOT_FOUND)
        return _Account(organization_id, waba_id, phone_number_id, facts.token)

    async def _waba_of(self, organization_id: UUID, phone_number_id: str) -> str:
        if not phone_number_id.isascii() or not phone_number_id.isdigit():
            raise InvalidArgument("phone_number_id is not an id of Meta's; it has digits only")
        (facts,) = await self._numbers.get([(organization_id, phone_number_id)])
        if not facts.waba_id:
            raise FailedPrecondition(
                f"the account of the number {phone_number_id} is not known; set waba_id with `pytake apply`, or wait "
                "for the first status of a message",
                reason=errors_pb2.ERROR_REASON_ACCOUNT_NOT_KNOWN,
            )
        return facts.waba_id


def _granted(answer: Managed) -> Mapping[str, object]:
    document = answer.document or {}
    error = document.get("error")
    if 200 <= answer.status < 300 and not error and answer.document is not None:
        return document
    words = [f"HTTP {answer.status}"]
    if isinstance(error, Mapping):
        told = (error.get("code"), error.get("message"), error.get("error_user_title"), error.get("error_user_msg"))
        words += [str(word)[:300] for word in told if isinstance(word, int | str) and word]
    raise FailedPrecondition(f"Meta refused it: {', '.join(words)}", reason=errors_pb2.ERROR_REASON_REFUSED_BY_META)


def _checked(name: str, language: str, category: str, components: bytes) -> list[object]:
    _check_name(name)
    if not _LANGUAGE.fullmatch(language):
        raise InvalidArgument(f"language is {language[:20]!r}; write a code such as pt_BR")
    if category not in CATEGORIES:
        raise InvalidArgument(f"category is {category[:20]!r}; use {', '.join(CATEGORIES)}")
    if len(components) > _MOST_COMPONENTS:
        raise InvalidArgument(f"components has {len(components)} bytes; at most {_MOST_COMPONENTS} are allowed")
    try:
        parts = orjson.loads(components)
    except orjson.JSONDecodeError as error:
        raise InvalidArgument(f"components is no JSON: {error}") from None
    if not isinstance(parts, list) or not parts or not all(isinstance(part, dict) for part in parts):
        raise InvalidArgument("components is not a JSON array of objects; give at least the BODY")
    return parts


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise InvalidArgument(f"name is {name[:60]!r}; use 1 to 512 small letters, digits and underscores")


def _objects(value: object) -> list[Mapping[str, object]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _next(page: Mapping[str, object]) -> str:
    """Where the next page begins; Meta leaves `next` out on the last."""
    paging = page.get("paging")
    if not isinstance(paging, Mapping) or not paging.get("next"):
        return ""
    cursors = paging.get("cursors")
    after = cursors.get("after") if isinstance(cursors, Mapping) else None
    return after if isinstance(after, str) else ""


def _digest(kept: Kept) -> str:
    """Tells what is listed from anything else: not when it was read."""
    hashed = blake2b(digest_size=16)
    for each in kept.templates:
        parts = (
            each.waba_id, each.name, each.language, each.template_id, each.category, each.status, each.quality,
            each.reason, each.components,
        )  # fmt: skip
        hashed.update(orjson.dumps(parts))
    hashed.update(b"synced" if kept.is_synced else b"")
    return hashed.hexdigest()
