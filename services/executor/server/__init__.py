"""executor's gRPC side: protobuf to the domain's words and back."""

from services.executor.server.conversations import ExecutionServer, PrivacyServer, StatesServer, words_of
from services.executor.server.flows import FlowServer

__all__ = ["ExecutionServer", "FlowServer", "PrivacyServer", "StatesServer", "words_of"]
