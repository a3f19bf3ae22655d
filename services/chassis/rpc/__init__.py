"""gRPC between rooms and from teams: servers that check every call, clients that sign every call."""

from services.chassis.rpc.actor import act_as, actor_of, called_by, current_actor, current_principal
from services.chassis.rpc.certificates import Certificates
from services.chassis.rpc.client import Peer, PeerAddress
from services.chassis.rpc.server import RpcServer, Servicer, is_traceparent

__all__ = [
    "Certificates",
    "Peer",
    "PeerAddress",
    "RpcServer",
    "Servicer",
    "act_as",
    "actor_of",
    "called_by",
    "current_actor",
    "current_principal",
    "is_traceparent",
]
