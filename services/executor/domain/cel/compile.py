"""From tokens to closures, by recursive descent."""

from collections.abc import Callable
from typing import Final

from services.executor.domain.budget import STEP
from services.executor.domain.cel.functions import FUNCTIONS, LOOPS, METHODS, Function
from services.executor.domain.cel.lexer import END, Token, tokens_of
from services.executor.domain.cel.names import MISSING, compile_name, compile_path, field_of, item_of
from services.executor.domain.cel.values import (
    CelError,
    Value,
    combine,
    contains,
    equal,
    is_number,
    order,
    to_json,
    type_name,
    whole,
)
from services.executor.domain.json_value import Json
from services.executor.domain.patterns import PatternError, Search, compile_search
from services.executor.domain.variables import Scope

MAX_DEPTH: Final = 32
MAX_STEPS: Final = 200

Evaluate = Callable[[Scope], Value]

_ORDERS: Final[dict[str, Callable[[int], bool]]] = {
    "<": lambda sign: sign < 0,
    "<=": lambda sign: sign <= 0,
    ">": lambda sign: sign > 0,
    ">=": lambda sign: sign >= 0,
}
_RELATIONS: Final = frozenset({*_ORDERS, "==", "!=", "in"})
_CONSTANTS: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None}


def compile_cel(text: str) -> tuple[Callable[[Scope], Json], tuple[str, ...]]:
    """Compile an expression to (evaluate, names it reads). Raises CelError; so may evaluate, and WorkSpent."""
    parser = _Parser(tokens_of(text))
    evaluate = parser.expression(0)
    parser.expect_end()
    return lambda scope: to_json(evaluate(scope)), tuple(dict.fromkeys(parser.names))


class _Parser:
    """Every method returns a compiled closure. What may be long is a loop, and what nests is counted."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.position = 0
        self.steps = 0
        self.names: list[str] = []

    def expect_end(self) -> None:
        if self._next is not END:
            raise CelError(f'The expression has "{self._next.text}" too much.')

    @property
    def _next(self) -> Token:
        return self.tokens[self.position]

    def _is(self, sign: str) -> bool:
        return self._next.kind == "sign" and self._next.value == sign

    def _take(self, sign: str) -> bool:
        if self._is(sign):
            self.position += 1
            return True
        return False

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            where = f'before "{self._next.text}"' if self._next is not END else "at its end"
            raise CelError(f'The expression lacks "{sign}" {where}.')

    def expression(self, depth: int) -> Evaluate:
        if depth >= MAX_DEPTH:
            raise CelError(f"The expression is nested deeper than {MAX_DEPTH}.")
        condition = self._either(depth)
        if not self._take("?"):
            return condition
        then = self._either(depth + 1)
        self._expect(":")
        return _choice(condition, then, self.expression(depth + 1))

    def _either(self, depth: int) -> Evaluate:
        parts = [self._both(depth)]
        while self._take("||"):
            parts.append(self._both(depth))
        return _logic(tuple(parts), decided=True) if len(parts) > 1 else parts[0]

    def _both(self, depth: int) -> Evaluate:
        parts = [self._relation(depth)]
        while self._take("&&"):
            parts.append(self._relation(depth))
        return _logic(tuple(parts), decided=False) if len(parts) > 1 else parts[0]

    def _relation(self, depth: int) -> Evaluate:
        first = self._chain("+-", depth)
        rest: list[tuple[str, Evaluate]] = []
        while (token := self._next).text in _RELATIONS and token.kind in ("sign", "name"):
            self.position += 1
            rest.append((token.text, self._chain("+-", depth)))
        return _related(first, tuple(rest)) if rest else first

    def _chain(self, signs: str, depth: int) -> Evaluate:
        first = self._link(signs, depth)
        rest: list[tuple[str, Evaluate]] = []
        while self._next.kind == "sign" and self._next.text in signs:
            sign = self._next.text
            self.position += 1
            rest.append((sign, self._link(signs, depth)))
        return _combined(first, tuple(rest)) if rest else first

    def _link(self, signs: str, depth: int) -> Evaluate:
        return self._chain("*/%", depth) if signs == "+-" else self._unary(depth)

    def _unary(self, depth: int) -> Evaluate:
        sign = next((sign for sign in "!-" if self._is(sign)), None)
        if sign is None:
            return self._member(depth)
        count = 0
        while self._take(sign):
            count += 1
        if sign == "-" and count % 2 and self._next.kind == "int":
            # The smallest int has no positive twin, so a number is read with its sign.
            token = self._next
            self.tokens[self.position] = Token("int", -int(token.value), token.text)
            count -= 1
        operand = self._member(depth)
        return _negated(operand, count) if sign == "-" else _denied(operand, count)

    def _member(self, depth: int) -> Evaluate:
        value, path = self._primary(depth)
        while True:
            if self._take("."):
                self._step()
                name = self._name()
                if self._take("("):
                    value, path = self._method(value, name, depth), None
                elif path is not None:
                    path = (*path, name)
                    value = self._named(path)
                else:
                    value = _field(value, name)
            elif self._take("["):
                self._step()
                value, path = _item(value, self.expression(depth + 1)), None
                self._expect("]")
            else:
                return value

    def _step(self) -> None:
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise CelError(f"The expression takes more than {MAX_STEPS} steps into values.")

    def _named(self, path: tuple[str, ...]) -> Evaluate:
        if len(path) > 1:
            self.names.remove(".".join(path[:-1]))
        self.names.append(".".join(path))
        return compile_name(path)

    def _name(self) -> str:
        token = self._next
        if token.kind != "name":
            raise CelError(f'The expression has "{token.text}" where a name is missing.')
        self.position += 1
        return token.text

    def _primary(self, depth: int) -> tuple[Evaluate, tuple[str, ...] | None]:
        """A value, and its path when it is a name."""
        token = self._next
        self.position += token is not END
        if token.kind == "int":
            return _constant(whole(int(token.value))), None
        if token.kind in ("double", "string"):
            return _constant(token.value), None
        if token.kind == "name":
            return self._word(token.text, depth)
        if token.text == "(":
            inner = self.expression(depth + 1)
            self._expect(")")
            return inner, None
        if token.text == "[":
            return _list(self._until("]", depth)), None
        if token.text == "{":
            return self._map(depth), None
        raise CelError(f'The expression has "{token.text}" where a value is missing.' if token.text else _CUT_SHORT)

    def _word(self, name: str, depth: int) -> tuple[Evaluate, tuple[str, ...] | None]:
        if name == "in":
            raise CelError('The expression has "in" where a value is missing.')
        if name in _CONSTANTS:
            return _constant(_CONSTANTS[name]), None
        if self._take("("):
            return (self._has() if name == "has" else self._function(name, depth)), None
        return self._named((name,)), (name,)

    def _has(self) -> Evaluate:
        """has(a.b): whether it is set. Of a single name as well, which CEL proper leaves out."""
        path = [self._name()]
        while self._take("."):
            self._step()
            path.append(self._name())
        self._expect(")")
        find = compile_path(tuple(path))
        return lambda scope: find(scope) is not MISSING

    def _function(self, name: str, depth: int) -> Evaluate:
        arguments = self._until(")", depth)
        if name == "matches" and len(arguments) == 2:
            return self._matching(arguments[0])
        found = FUNCTIONS.get(name)
        if found is None:
            raise CelError(f"There is no function {name}(); known are {', '.join(sorted((*FUNCTIONS, 'has')))}.")
        return _call(name, found, arguments)

    def _method(self, value: Evaluate, name: str, depth: int) -> Evaluate:
        if name in LOOPS:
            raise CelError(f"{name}() loops, which an expression may not.")
        arguments = self._until(")", depth)
        if name == "matches" and len(arguments) == 1:
            return self._matching(value)
        found = METHODS.get(name)
        if found is None:
            raise CelError(f"There is no .{name}(); known are {', '.join(sorted((*METHODS, 'matches')))}.")
        return _call(name, found, (value, *arguments))

    def _matching(self, value: Evaluate) -> Evaluate:
        """A pattern is compiled at publish, so it must stand there as it is."""
        last, closing = self.tokens[self.position - 2], self.tokens[self.position - 3]
        if last.kind != "string" or closing.text not in ("(", ","):
            raise CelError("The pattern of matches() must be written out as a text.")
        try:
            return _matches(compile_search(str(last.value)), value)
        except PatternError as reason:
            raise CelError(str(reason)) from reason

    def _until(self, closing: str, depth: int) -> tuple[Evaluate, ...]:
        found: list[Evaluate] = []
        while not self._take(closing):
            if found:
                self._expect(",")
                if closing != ")" and self._take(closing):
                    break
            found.append(self.expression(depth + 1))
        return tuple(found)

    def _map(self, depth: int) -> Evaluate:
        pairs: list[tuple[Evaluate, Evaluate]] = []
        while not self._take("}"):
            if pairs:
                self._expect(",")
                if self._take("}"):
                    break
            key = self.expression(depth + 1)
            self._expect(":")
            pairs.append((key, self.expression(depth + 1)))
        return _mapped(tuple(pairs))


_CUT_SHORT: Final = "The expression ends where a value is missing."


def _constant(value: Value) -> Evaluate:
    return lambda scope: value


def _choice(condition: Evaluate, then: Evaluate, otherwise: Evaluate) -> Evaluate:
    def evaluate(scope: Scope) -> Value:
        scope.budget.spend(STEP)
        return then(scope) if _truth(condition(scope)) else otherwise(scope)

    return evaluate


def _truth(value: Value) -> bool:
    if isinstance(value, bool):
        return value
    raise CelError(f"A bool is needed, and there is {type_name(value)}.")


def _logic(parts: tuple[Evaluate, ...], *, decided: bool) -> Evaluate:
    """|| and &&: a part that decides makes up for errors of the others, on whichever side it stands."""

    def evaluate(scope: Scope) -> Value:
        failed: CelError | None = None
        for part in parts:
            scope.budget.spend(STEP)
            try:
                if _truth(part(scope)) is decided:
                    return decided
            except CelError as error:
                failed = failed or error
        if failed is not None:
            raise failed
        return not decided

    return evaluate


def _related(first: Evaluate, rest: tuple[tuple[str, Evaluate], ...]) -> Evaluate:
    def evaluate(scope: Scope) -> Value:
        value = first(scope)
        for sign, operand in rest:
            other = operand(scope)
            if sign in ("==", "!="):
                value = equal(value, other, scope.budget) is (sign == "==")
            elif sign == "in":
                value = contains(other, value, scope.budget)
            else:
                value = _ORDERS[sign](order(value, other, scope.budget))
        return value

    return evaluate


def _combined(first: Evaluate, rest: tuple[tuple[str, Evaluate], ...]) -> Evaluate:
    def evaluate(scope: Scope) -> Value:
        value = first(scope)
        for sign, operand in rest:
            value = combine(sign, value, operand(scope), scope.budget)
        return value

    return evaluate


def _negated(operand: Evaluate, count: int) -> Evaluate:
    def evaluate(scope: Scope) -> Value:
        value = operand(scope)
        if not is_number(value) or not isinstance(value, int | float):
            raise CelError(f'"-" cannot be used on {type_name(value)}.')
        negative = -value if count % 2 else value
        return whole(negative) if isinstance(negative, int) else negative

    return evaluate


def _denied(operand: Evaluate, count: int) -> Evaluate:
    return lambda scope: _truth(operand(scope)) is (count % 2 == 0)


def _field(value: Evaluate, name: str) -> Evaluate:
    return lambda scope: field_of(value(scope), name)


def _item(value: Evaluate, place: Evaluate) -> Evaluate:
    def evaluate(scope: Scope) -> Value:
        scope.budget.spend(STEP)
        return item_of(value(scope), place(scope))

    return evaluate


def _call(name: str, found: tuple[Function, int, int], arguments: tuple[Evaluate, ...]) -> Evaluate:
    function, least, most = found
    if not least <= len(arguments) <= most:
        raise CelError(f"{name}() has the wrong number of arguments.")
    return lambda scope: function(tuple(argument(scope) for argument in arguments), scope.budget)


def _matches(search: Search, value: Evaluate) -> Evaluate:
    def evaluate(scope: Scope) -> Value:
        text = value(scope)
        if not isinstance(text, str):
            raise CelError(f"matches() takes a text, not {type_name(text)}.")
        scope.budget.spend(STEP + search.cost(text))
        return search.matches(text)

    return evaluate


def _list(items: tuple[Evaluate, ...]) -> Evaluate:
    def evaluate(scope: Scope) -> Value:
        scope.budget.spend(STEP * len(items))
        return [to_json(item(scope)) for item in items]

    return evaluate


def _mapped(pairs: tuple[tuple[Evaluate, Evaluate], ...]) -> Evaluate:
    def evaluate(scope: Scope) -> Value:
        scope.budget.spend(STEP * len(pairs))
        found: dict[str, Json] = {}
        for key, value in pairs:
            name = key(scope)
            if not isinstance(name, str):
                raise CelError(f"The keys of a map are texts here, not {type_name(name)}.")
            if name in found:
                raise CelError(f'The map has "{name[:60]}" twice.')
            found[name] = to_json(value(scope))
        return found

    return evaluate
