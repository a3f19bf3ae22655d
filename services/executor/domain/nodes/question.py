"""question: asks, waits, validates and stores. A choice or yes/no may be shown as buttons or a list."""

from collections.abc import Callable, Iterator
from typing import Final

from services.executor.domain.answers import QUESTION_KINDS, compile_judge, question_options
from services.executor.domain.document import Node
from services.executor.domain.finding import Finding, error, warning
from services.executor.domain.json_value import flag_at, object_at, text_at, whole_number_at
from services.executor.domain.nodes import fields, menu
from services.executor.domain.nodes.buttons import MAX_BUTTON_TITLE, MAX_BUTTONS, send_buttons
from services.executor.domain.nodes.list_menu import MAX_ROW_ID, MAX_ROW_TITLE, MAX_ROWS, send_list
from services.executor.domain.nodes.node_type import (
    Exit,
    NodeType,
    Plan,
    compile_text,
    limit,
    require_text,
    template_at,
)
from services.executor.domain.nodes.waiting import INVALID_EXIT, NO_REPLY_EXIT, burst_of, check_waiting, timeout_of
from services.executor.domain.options import Option
from services.executor.domain.patterns import PatternError, compile_validation
from services.executor.domain.texts import words
from services.executor.domain.turn import MAX_TEXT, Turn, Waiting

_PRESENTATIONS: Final = frozenset({"", "text", "auto", "buttons", "list"})


SKIP_EXIT: Final = Exit(("skip",), expected=False)


def _kind(node: Node) -> str:
    return text_at(node.data, "kind") or "text"


def _options(node: Node, language: str) -> tuple[Option, ...]:
    """The options of a choice; yes/no without options of its own stores "yes" and "no"."""
    options = question_options(node.data)
    if _kind(node) == "yes_no" and len(options) != 2:
        return (Option("yes", words("yes", language)), Option("no", words("no", language)))
    return options


def _compile(node: Node, plan: Plan) -> Waiting:
    validation = object_at(node.data, "validation")
    options = _options(node, plan.settings.language)
    error_message = text_at(validation, "errorMessage")
    return Waiting(
        ask=_ask(node, options, plan.settings.language),
        judge=compile_judge(_kind(node), options, validation),
        variable_name=text_at(node.data, "variableName"),
        main_handles=("answered",),
        error_text=compile_text(error_message) if error_message.strip() else None,
        max_attempts=max(1, whole_number_at(validation, "maxAttempts") or menu.DEFAULT_ATTEMPTS),
        timeout_seconds=timeout_of(node),
        burst=burst_of(node),
    )


def _ask(node: Node, options: tuple[Option, ...], language: str) -> Callable[[Turn], None]:
    wanted = text_at(node.data, "presentation") or "text"
    if wanted == "text" or not options or _kind(node) not in ("choice", "yes_no"):
        return _say(node, ())
    if template_at(node, "content").literal_length > menu.MAX_BODY:
        return _say(node, options)
    if wanted != "list" and len(options) <= MAX_BUTTONS and _fit(options, MAX_BUTTON_TITLE):
        return send_buttons(node, options)
    if len(options) <= MAX_ROWS and _fit(options, MAX_ROW_TITLE):
        return send_list(node, (("", options),), language)
    return _say(node, options)


def _fit(options: tuple[Option, ...], most: int) -> bool:
    """Whether WhatsApp would take these options: short enough, and told apart by their titles."""
    is_short = all(len(option.title) <= most and len(option.value) <= MAX_ROW_ID for option in options)
    return is_short and len({option.title.strip() for option in options}) == len(options)


def _say(node: Node, numbered: tuple[Option, ...]) -> Callable[[Turn], None]:
    """Say the content as text; options that fit neither buttons nor a list follow it as numbered lines."""
    content = template_at(node, "content")
    titles = tuple(compile_text(option.title) for option in numbered)

    def ask(turn: Turn) -> None:
        lines = [f"{place}. {turn.render(title)}" for place, title in enumerate(titles, start=1)]
        turn.say(node.id, "\n".join((turn.render(content), *lines)))

    return ask


def _exits(node: Node) -> tuple[Exit, ...]:
    options = tuple(Exit((option.value, option.title, "answered")) for option in _options(node, "pt_BR"))
    branches = options if _kind(node) in ("choice", "yes_no") else ()
    return (*branches, Exit(("answered",), expected=not branches), INVALID_EXIT, NO_REPLY_EXIT, SKIP_EXIT)


def _check(node: Node) -> Iterator[Finding]:
    # What was said before may have asked: then the node only waits.
    if not flag_at(node.data, "silent"):
        yield from require_text(node)
    yield from limit(node, "The text", text_at(node.data, "content"), MAX_TEXT)
    yield from check_waiting(node)
    yield from _check_kind(node)
    if not text_at(node.data, "variableName"):
        message = f'Question {node.id} has no "variableName": its answer is not stored.'
        yield warning("no_variable", node.id, message, 'Name a variable in "variableName".')
    if text_at(node.data, "presentation") not in _PRESENTATIONS:
        message = f'The "presentation" of question {node.id} is unknown.'
        yield error("unknown_presentation", node.id, message, "Write text, auto, buttons or list.")
    try:
        compile_validation(text_at(object_at(node.data, "validation"), "regex"))
    except PatternError as reason:
        yield error("bad_regex", node.id, f"Node {node.id}: {reason}", "Correct the pattern; RE2 has no look-around.")


def _check_kind(node: Node) -> Iterator[Finding]:
    kind = _kind(node)
    if kind not in QUESTION_KINDS:
        message = f'Question {node.id} of kind "{kind}" cannot run in this version.'
        yield error("not_runnable", node.id, message, f"Use one of {', '.join(sorted(QUESTION_KINDS))}.")
    if kind == "choice":
        yield from _check_choice(node)


def _check_choice(node: Node) -> Iterator[Finding]:
    options = question_options(node.data)
    if not options:
        yield error("no_options", node.id, f"Choice {node.id} has no options.", 'List them in "options".')
    values = [option.value.strip().casefold() for option in options]
    if "" in values or len(set(values)) < len(values):
        message = f"The options of choice {node.id} are not all filled and different."
        yield error("duplicate_option", node.id, message, "Give each option its own value.")


_OPTION: Final = fields.record(
    "A choice.",
    {
        "value": fields.text("What is stored, and names the way out; the label when absent."),
        "label": fields.template("What the contact sees; the value when absent."),
    },
)
_VALIDATION: Final = fields.record(
    "What an answer must be.",
    {
        "required": fields.flag("False: an empty answer takes skip.", default=True),
        "min_length": fields.whole("Characters at least."),
        "max_length": fields.whole("Characters at most."),
        "regex": fields.text("An RE2 pattern for the whole answer, unless it is anchored by ^ or $."),
        "min": fields.anything("The least number, rating, date (YYYY-MM-DD) or time (HH:MM)."),
        "max": fields.anything("The greatest one."),
        "accept": fields.items("Files that are taken, such as image/*, application/pdf or .csv.", fields.text("One.")),
        **fields.RETRYING,
    },
)

QUESTION = NodeType(
    summary="Asks, waits, checks the answer and stores it. After a wrong answer it says so and waits again, until "
    "the attempts are used up. A choice or a yes/no may be shown as buttons or a list.",
    schema=fields.data(
        {
            "kind": fields.choice("What an answer is.", *sorted(QUESTION_KINDS), default="text"),
            "content": fields.template("The question."),
            "options": fields.items("The choices.", _OPTION),
            "silent": fields.flag("It may say nothing, since what was said before has asked."),
            "presentation": fields.choice("How choices are shown.", "text", "auto", "buttons", "list", default="text"),
            "header": menu.FRAME["header"],
            "footer": menu.FRAME["footer"],
            "buttonText": fields.template("What opens the list, at most 20 characters."),
            "validation": _VALIDATION,
            **fields.WAITING,
            **fields.SPEAKING,
        },
        ("content",),
    ),
    ways={
        "answered": "A good answer came.",
        "<value or label of an option>": "It was chosen.",
        "skip": "The answer was empty, and none is required.",
        **fields.INVALID_WAY,
        **fields.NO_REPLY_WAY,
        **fields.SPEAKING_WAYS,
    },
    compile=_compile,
    exits=_exits,
    check=_check,
    sets=lambda node: (text_at(node.data, "variableName"),),
    texts=("content", "header", "footer", "buttonText", "options", "validation"),
    waits=menu.always_waits,
)
