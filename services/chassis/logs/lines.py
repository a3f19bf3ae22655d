"""Log lines: structlog and the standard library's loggers, through one redactor, as JSON on standard error."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import MutableMapping
from typing import Any

import orjson
import structlog

from services.chassis.logs.errors import told, trace_of
from services.chassis.logs.redaction import Redactor
from services.chassis.settings import ServiceSettings, secrets_in


def configure_logs(service: str, settings: ServiceSettings) -> None:
    """Begin a room's logs: its own secrets are taken out, and people are named by LOG_SECRET."""
    key = settings.log_secret.encode() or os.urandom(32)
    begin_logs(service, settings.log_level, Redactor.knowing(key, secrets_in(settings)))


def begin_logs(service: str, level: str, redactor: Redactor) -> None:
    """Send structlog and the standard library's loggers to stderr as JSON lines."""

    def redact(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return {"service": service} | {key: redactor.value(value, key=key) for key, value in event.items()}

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            _explain,
            redact,
            structlog.processors.JSONRenderer(serializer=lambda value, **_: orjson.dumps(value)),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_level(level)),
        logger_factory=structlog.BytesLoggerFactory(file=sys.stderr.buffer),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, handlers=[_Forward()], force=True)
    logging.captureWarnings(capture=True)


def get_logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """A logger whose lines name the module."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(module=name)
    return logger


def log_stray_errors(loop: asyncio.AbstractEventLoop) -> None:
    """Log what Python would print with its values: errors of tasks nobody awaited, and those in finalizers."""
    log = get_logger(__name__)

    def stray(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        log.error("task_failed", text=str(context.get("message", "")), exc_info=context.get("exception"))

    loop.set_exception_handler(stray)
    sys.unraisablehook = lambda found: log.error("finalizer_failed", exc_info=found.exc_value)


def _level(name: str) -> int:
    return logging.getLevelNamesMapping().get(name.upper(), logging.INFO)


def _explain(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Put the traceback of `exc_info` under `exception`."""
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exception()
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["exception"] = trace_of(error)
    return event


class _Forward(logging.Handler):
    """Libraries' own warnings, in the same form as ours."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        get_logger(record.name).log(record.levelno, "library_said", text=_said(record), exc_info=error)


def _said(record: logging.LogRecord) -> str:
    """The record's text, with errors among its arguments told as `told` does."""
    arguments = record.args
    if isinstance(arguments, tuple):
        record.args = tuple(told(each) if isinstance(each, BaseException) else each for each in arguments)
    return record.getMessage()
