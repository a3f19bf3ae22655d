"""Structured logs: one JSON line per thing that happened, with secrets and personal data taken out."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import orjson
import structlog

# Access tokens, bearer headers, signatures and database passwords never reach a log line.
_SECRETS = re.compile(r"EAA[A-Za-z0-9]+|Bearer\s+\S+|sha256=[0-9a-f]{8,}|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)")


def configure_logs(service: str, level: str) -> None:
    """Send structlog and the standard library's loggers to stderr as JSON lines."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            structlog.processors.format_exc_info,
            _redact,
            structlog.processors.JSONRenderer(serializer=lambda value, **_: orjson.dumps(value, default=str)),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_level(level)),
        logger_factory=structlog.BytesLoggerFactory(file=sys.stderr.buffer),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    logging.basicConfig(level=logging.WARNING, handlers=[_Forward()], force=True)


def get_logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """A logger whose lines name the module."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(module=name)
    return logger


def _level(name: str) -> int:
    return logging.getLevelNamesMapping().get(name.upper(), logging.INFO)


def _redact(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = _SECRETS.sub("***", value)
    return event


class _Forward(logging.Handler):
    """Libraries' own warnings, in the same form as ours."""

    def emit(self, record: logging.LogRecord) -> None:
        error = "".join(logging.Formatter().formatException(record.exc_info)) if record.exc_info else None
        get_logger(record.name).log(record.levelno, "library_said", text=record.getMessage(), error=error)
