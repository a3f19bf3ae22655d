"""JSON answers and JSON requests of the simulator's own API."""

from collections.abc import Awaitable, Callable

import orjson
from aiohttp import web

from .plans import InputError

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def json_answer(value: object, status: int = 200) -> web.Response:
    """Any value orjson knows, as an HTTP answer."""
    return web.Response(body=orjson.dumps(value), status=status, content_type="application/json")


async def json_request(request: web.Request) -> object:
    """The body as JSON. Raises InputError when it is none or does not say it is.

    The content type is asked for because browsers cannot send this one to a foreign origin unasked.
    """
    if request.content_type != "application/json":
        raise InputError("send the content type application/json")
    try:
        value: object = orjson.loads(await request.read())
    except orjson.JSONDecodeError:
        raise InputError("the body is not valid JSON") from None
    return value


@web.middleware
async def refuse_plainly(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer 400 with a sentence to what the simulator's own API cannot take."""
    try:
        return await handler(request)
    except InputError as error:
        return json_answer({"detail": str(error)}, 400)
