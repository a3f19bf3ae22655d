"""Who calls whom as the source says it: stubs made in peers and the methods called on them."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from services.embedded.keys import ROOMS
from tests.house.kustomize import ROOT

SERVICES = ROOT / "services"

COMMON = "common"
"""The callee of what every room may serve: DeadLetters, Sealing, Audit."""


@dataclass(frozen=True, order=True, slots=True)
class Use:
    """A room's use of one method of another room, such as router → executor.Execution.Submit."""

    caller: str
    callee: str
    service: str
    method: str

    def __str__(self) -> str:
        return f"{self.caller} → {self.callee}.{self.service}.{self.method}"


def uses_of(room: str) -> set[Use]:
    """The methods that the room's peers call."""
    return {use for path in peers_of(room) for cls in _classes(path) for use in _uses_in(cls, room)}


def peers_of(room: str) -> list[Path]:
    """The modules of a room that may call other rooms: peers.py, or the package of that name."""
    return [*(SERVICES / room).glob("peers.py"), *(SERVICES / room).glob("peers/*.py")]


def imports_of(room: str) -> Iterator[tuple[Path, str]]:
    """Files of a room with each generated module of services.pb they import, such as executor.v1.executor_pb2."""
    for path in sorted((SERVICES / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("services.pb."):
                package = str(node.module).removeprefix("services.pb.")
                yield from ((path, f"{package}.{alias.name}") for alias in node.names)


def _classes(path: Path) -> list[ast.ClassDef]:
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ClassDef)]


def _uses_in(cls: ast.ClassDef, room: str) -> Iterator[Use]:
    stubs = dict(_stubs_of(cls))
    for node in ast.walk(cls):
        if isinstance(node, ast.Attribute) and (stub := stubs.get(ast.unparse(node.value))):
            module, service = stub
            callee = module.removesuffix("_pb2_grpc")
            yield Use(room, callee if callee in ROOMS else COMMON, service.removesuffix("Stub"), node.attr)


def _stubs_of(cls: ast.ClassDef) -> Iterator[tuple[str, tuple[str, str]]]:
    """`self._x = peer.stub(module.ServiceStub)` → ("self._x", (module, ServiceStub))."""
    for node in ast.walk(cls):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            call = node.value
            if isinstance(call.func, ast.Attribute) and call.func.attr == "stub":
                (stub,) = call.args
                assert isinstance(stub, ast.Attribute), f"{ast.unparse(call)}: name the stub by its module"
                yield ast.unparse(node.targets[0]), (ast.unparse(stub.value), stub.attr)
