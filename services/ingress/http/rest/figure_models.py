"""The shapes of further figures over REST: rates, funnels, versions, deliveries."""

from __future__ import annotations

from pydantic import BaseModel, Field

from services.ingress.domain.analytics import (
    Deliveries,
    Figures,
    Funnel,
    NumberDeliveries,
    VersionFigures,
    per_cent,
)

_FLOW_ID = "4c1d3c6e-1a1e-4a57-9d0b-2f6f5f1e0b11"


class Metrics(BaseModel):
    """Rates and times of a period. Rates are in per cent of the conversations, answers or messages they are about."""

    days: int = Field(examples=[30])
    total_conversations: int = Field(examples=[42])
    resolution_rate: float = Field(description="Conversations that came to an end of the flow.", examples=[71.43])
    handoff_rate: float = Field(description="Hand-overs to people, of conversations.", examples=[11.9])
    validation_error_rate: float = Field(description="Answers that were not valid, of all messages.", examples=[3.1])
    average_response_seconds: float = Field(
        description="From a question to the contact's next message; 0 if none is known.", examples=[24.5]
    )
    agent_response_seconds: float = Field(
        description="From a hand-over until a person took the conversation; 0 if none is known.", examples=[61.0]
    )
    limits_reached: int = Field(description="Turns that a limit stopped.", examples=[0])
    failed_calls: int = Field(description="Calls of flows to web services that failed.", examples=[1])
    message_delivery_rate: float = Field(description="Delivered, of accepted.", examples=[98.5])
    message_read_rate: float = Field(description="Read, of delivered.", examples=[80.2])

    @classmethod
    def of(cls, days: int, figures: Figures, deliveries: Deliveries) -> Metrics:
        """From figures and deliveries of the same days."""
        accepted = sum(number.accepted for number in deliveries.numbers)
        delivered = sum(number.delivered for number in deliveries.numbers)
        return cls(
            days=days,
            total_conversations=figures.conversations,
            resolution_rate=per_cent(figures.finished, figures.conversations),
            handoff_rate=per_cent(figures.handed_over, figures.conversations),
            validation_error_rate=per_cent(figures.invalid_answers, figures.from_contacts),
            average_response_seconds=figures.contact_response,
            agent_response_seconds=figures.agent_response,
            limits_reached=figures.limits_reached,
            failed_calls=figures.failed_effects,
            message_delivery_rate=per_cent(delivered, accepted),
            message_read_rate=per_cent(sum(number.read for number in deliveries.numbers), delivered),
        )


class FunnelNode(BaseModel):
    """What happened at a node."""

    node_id: str = Field(examples=["ask_flavour"])
    entered: int = Field(description="How often it was come to.", examples=[120])
    left: int = Field(description="How often it was left for another node.", examples=[96])
    finished: int = Field(description="Conversations that came to the flow's end here.", examples=[0])
    dropped: int = Field(
        description="Conversations that were over here before: expired, closed, given up.", examples=[18]
    )
    drop_off_rate: float = Field(description="Dropped of entered, in per cent.", examples=[15.0])
    invalid_answers: int = Field(examples=[9])
    validation_error_rate: float = Field(description="Of the messages of contacts who stood here.", examples=[7.5])
    handed_over: int = Field(description="Hand-overs to people.", examples=[0])


class FunnelEdge(BaseModel):
    """How often an edge was gone."""

    source: str = Field(description="Empty for the beginning of the flow.", examples=["ask_flavour"])
    handle: str = Field(description="The exit of the source.", examples=["corn"])
    target: str = Field(examples=["confirm"])
    passed: int = Field(examples=[61])
    share: float = Field(description="Of all that left the source, in per cent.", examples=[63.54])


class FlowFunnel(BaseModel):
    """Where conversations of a flow went."""

    flow_id: str = Field(examples=[_FLOW_ID])
    period_days: int = Field(examples=[30])
    version: int | None = Field(description="null means all versions.", examples=[None])
    nodes: list[FunnelNode] = Field(description="Most entered first.")
    edges: list[FunnelEdge] = Field(description="Most used first.")

    @classmethod
    def of(cls, flow_id: str, days: int, version: int, found: Funnel) -> FlowFunnel:
        """From a funnel."""
        left: dict[str, int] = {}
        for edge in found.edges:
            left[edge.source] = left.get(edge.source, 0) + edge.passed
        return cls(
            flow_id=flow_id,
            period_days=days,
            version=version or None,
            nodes=[
                FunnelNode(
                    node_id=node.node_id,
                    entered=node.entered,
                    left=node.left,
                    finished=node.finished,
                    dropped=node.dropped,
                    drop_off_rate=per_cent(node.dropped, node.entered),
                    invalid_answers=node.invalid_answers,
                    validation_error_rate=per_cent(node.invalid_answers, node.contact_messages),
                    handed_over=node.handed_over,
                )
                for node in found.nodes
            ],
            edges=[
                FunnelEdge(
                    source=edge.source,
                    handle=edge.handle,
                    target=edge.target,
                    passed=edge.passed,
                    share=per_cent(edge.passed, left[edge.source]),
                )
                for edge in found.edges
            ],
        )


class VersionCohort(BaseModel):
    """Conversations that began in a version."""

    version: int = Field(description="0 is what was recorded before versions were.", examples=[3])
    conversations: int = Field(examples=[200])
    completed: int = Field(description="Of them, over.", examples=[190])
    finished: int = Field(description="Of those, at an end of the flow.", examples=[152])
    finish_rate: float = Field(description="Finished of completed, in per cent.", examples=[80.0])
    confidence_low: float = Field(description="95 % interval of the rate (Wilson): its lower end.", examples=[73.75])
    confidence_high: float = Field(description="Its upper end.", examples=[85.07])
    average_seconds: float = Field(description="Mean duration of the completed.", examples=[241.7])


class VersionComparison(BaseModel):
    """A flow's versions beside each other: intervals that do not overlap are a difference that is no chance."""

    flow_id: str = Field(examples=[_FLOW_ID])
    period_days: int = Field(examples=[30])
    versions: list[VersionCohort]

    @classmethod
    def of(cls, flow_id: str, days: int, found: list[VersionFigures]) -> VersionComparison:
        """From versions."""
        return cls(
            flow_id=flow_id,
            period_days=days,
            versions=[
                VersionCohort(
                    version=each.version,
                    conversations=each.conversations,
                    completed=each.completed,
                    finished=each.finished,
                    finish_rate=each.finish_rate,
                    confidence_low=each.low,
                    confidence_high=each.high,
                    average_seconds=each.average_duration,
                )
                for each in found
            ],
        )


class DeliveredNumber(BaseModel):
    """What became of a number's messages."""

    phone_number_id: str = Field(description="Empty where it was not recorded.", examples=["106540352242922"])
    accepted: int = Field(description="By Meta.", examples=[400])
    delivered: int = Field(description="To a phone.", examples=[394])
    read: int = Field(examples=[310])
    failed: int = Field(examples=[6])
    delivery_rate: float = Field(description="Delivered of accepted, in per cent.", examples=[98.5])
    read_rate: float = Field(description="Read of delivered, in per cent.", examples=[78.68])

    @classmethod
    def of(cls, number: NumberDeliveries) -> DeliveredNumber:
        """With its rates."""
        return cls(
            phone_number_id=number.phone_number_id,
            accepted=number.accepted,
            delivered=number.delivered,
            read=number.read,
            failed=number.failed,
            delivery_rate=per_cent(number.delivered, number.accepted),
            read_rate=per_cent(number.read, number.delivered),
        )


class FailureCode(BaseModel):
    """Failures with one of Meta's codes."""

    error_code: int = Field(description="0 where Meta told none.", examples=[131047])
    messages: int = Field(examples=[4])


class DeliveryReport(BaseModel):
    """What became of messages."""

    period_days: int = Field(examples=[30])
    numbers: list[DeliveredNumber] = Field(description="Busiest first.")
    failures: list[FailureCode] = Field(description="Most first.")

    @classmethod
    def of(cls, days: int, found: Deliveries) -> DeliveryReport:
        """From deliveries."""
        return cls(
            period_days=days,
            numbers=[DeliveredNumber.of(number) for number in found.numbers],
            failures=[FailureCode(error_code=code, messages=messages) for code, messages in found.failures],
        )
