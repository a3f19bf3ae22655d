"""Structured logs: one JSON line per thing that happened, with secrets and personal data taken out."""

from services.chassis.logs.lines import begin_logs, configure_logs, get_logger, log_stray_errors
from services.chassis.logs.redaction import Redactor

__all__ = ["Redactor", "begin_logs", "configure_logs", "get_logger", "log_stray_errors"]
