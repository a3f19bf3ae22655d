"""executor's gRPC side: protobuf to the domain's words and back."""

from services.executor.server.conversations import ExecutionServer, PrivacyServer, StatesServer, words_of
from services.executor.server.flows import FlowServer
from services.executor.server.secrets import SecretsServer

__all__ = ["ExecutionServer", "FlowServer", "PrivacyServer", "SecretsServer", "StatesServer", "words_of"]
