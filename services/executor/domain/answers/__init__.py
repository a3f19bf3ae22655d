"""Judging an answer: one reader per question kind, then the bounds the author set."""

from services.executor.domain.answers.readers import (
    FALSE_HANDLES,
    QUESTION_KINDS,
    TRUE_HANDLES,
    compile_choice,
    compile_judge,
    question_options,
)
from services.executor.domain.answers.things import judge_form, judge_location, judge_order
from services.executor.domain.answers.verdict import Accepted, Judge, Rejected, Verdict

__all__ = [
    "FALSE_HANDLES", "QUESTION_KINDS", "TRUE_HANDLES", "Accepted", "Judge", "Rejected", "Verdict", "compile_choice",
    "compile_judge", "judge_form", "judge_location", "judge_order", "question_options",
]  # fmt: skip
