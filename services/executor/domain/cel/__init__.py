"""CEL for experts: the Common Expression Language without loops, compiled at publish, with bounded work.

It has literals, lists, maps, fields and indexes, arithmetic, comparison, logic, ?:, in, has() and the functions of
functions.py. Macros that loop (all, exists, map, filter) and bytes it has not. Types are as strict as CEL's: a number
that a contact typed is text until int() or double() reads it.
"""

from services.executor.domain.cel.compile import compile_cel
from services.executor.domain.cel.values import CelError

__all__ = ["CelError", "compile_cel"]
