"""What executor does: works off arrivals, keeps flows, tells people where a conversation stands."""

from services.executor.usecases.calls import CallOutside
from services.executor.usecases.flow_keeping import FlowKeeping, Put
from services.executor.usecases.hands import HandKeeping
from services.executor.usecases.library import FlowLibrary
from services.executor.usecases.secret_keeping import SecretKeeping
from services.executor.usecases.state_keeping import StateKeeping, TurnView
from services.executor.usecases.turns import Decoded, Encoder, Submission, Turns

__all__ = [
    "CallOutside",
    "Decoded",
    "Encoder",
    "FlowKeeping",
    "FlowLibrary",
    "HandKeeping",
    "Put",
    "SecretKeeping",
    "StateKeeping",
    "Submission",
    "TurnView",
    "Turns",
]
