"""What executor does: works off arrivals, keeps flows and versions, tells people where a conversation stands."""

from services.executor.usecases.calls import CallOutside
from services.executor.usecases.flow_keeping import FlowKeeping, Put
from services.executor.usecases.hands import HandKeeping
from services.executor.usecases.library import FlowLibrary
from services.executor.usecases.publishing import Compared, Impact, Publishing, Taking
from services.executor.usecases.replaying import Replayed, Replaying, Telling, ToldMessage
from services.executor.usecases.secret_keeping import SecretKeeping
from services.executor.usecases.state_keeping import StateKeeping, TurnView
from services.executor.usecases.turns import Decoded, Encoder, Submission, Turns

__all__ = [
    "CallOutside",
    "Compared",
    "Decoded",
    "Encoder",
    "FlowKeeping",
    "FlowLibrary",
    "HandKeeping",
    "Impact",
    "Publishing",
    "Put",
    "Replayed",
    "Replaying",
    "SecretKeeping",
    "StateKeeping",
    "Submission",
    "Taking",
    "Telling",
    "ToldMessage",
    "TurnView",
    "Turns",
]
