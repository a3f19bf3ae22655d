"""gRPC between rooms and from teams: servers that check every call, clients that sign every call."""

<<<<<<< HEAD
from services.chassis.rpc.actor import act_as, actor_of, current_actor
=======
>>>>>>> h-callers
from services.chassis.rpc.certificates import Certificates
from services.chassis.rpc.client import Peer, PeerAddress
from services.chassis.rpc.server import RpcServer, Servicer

<<<<<<< HEAD
__all__ = ["Certificates", "Peer", "PeerAddress", "RpcServer", "Servicer", "act_as", "actor_of", "current_actor"]
=======
__all__ = ["Certificates", "Peer", "PeerAddress", "RpcServer", "Servicer"]
>>>>>>> h-callers
