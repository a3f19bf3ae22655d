"""Checks the environment variables a house is started with."""

from collections.abc import Iterator, Mapping

from services.cli.checks.finding import Finding, ok, problem

CHECK = "settings"
SHORTEST_KEY = 32
NUMBERS = ("FLOW_EXECUTION_TIMEOUT_MS", "MAX_FLOW_ITERATIONS", "CONVERSATION_SESSION_TTL_HOURS")
PAIR = ("META_PHONE_NUMBER_ID", "META_ACCESS_TOKEN")


def check_variables(environment: Mapping[str, str]) -> list[Finding]:
    """Look at the variables that are set; those that are not have defaults or values of the house's own."""
    problems = [problem(CHECK, text, mend) for text, mend in _problems(environment)]
    return problems or [ok(CHECK, "the variables that are set can be used")]


def _problems(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if 0 < len(environment.get("SECRET_KEY", "")) < SHORTEST_KEY:
        yield "SECRET_KEY is too short.", f"Give it at least {SHORTEST_KEY} characters, or unset it."
    base = environment.get("META_GRAPH_API_BASE", "")
    if base and not base.startswith(("https://", "http://")):
        yield f"META_GRAPH_API_BASE is {base!r}, no address.", "Write https://graph.facebook.com/v26.0, or unset it."
    for name in NUMBERS:
        value = environment.get(name, "").strip()
        if value and not (value.isdecimal() and int(value) > 0):
            yield f"{name} is {value!r}.", "Give it a whole number above 0, or unset it."
    present = [name for name in PAIR if environment.get(name)]
    if len(present) == 1:
        missing = next(name for name in PAIR if name not in present)
        yield f"{present[0]} is set, {missing} is not.", "Set both or neither."
