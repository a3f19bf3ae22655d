"""The shapes of what chatbots and agents did, and of everything in one document."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, Field

from services.ingress.domain.analytics import PERIOD_DAYS, PeriodName, per_cent, ratio
from services.ingress.domain.dashboards import (
    AgentFigures,
    Chatbots,
    ChatbotTotals,
    Everything,
    FlowTotals,
    MessageFigures,
    Team,
)
from services.ingress.domain.queues import Agent
from services.ingress.http.rest.analytics_models import ConversationAnalytics
from services.ingress.http.rest.cost_models import CampaignReport, CostReport
from services.ingress.http.rest.dashboard_models import (
    ContactReport,
    DashboardOverview,
    HourlyConversations,
    MessageReport,
    MessageSeries,
)
from services.ingress.http.rest.models import Time

_FLOW_ID = "4c1d3c6e-1a1e-4a57-9d0b-2f6f5f1e0b11"
_CHATBOT_ID = "6e0d9a52-3a55-4f0c-8a1f-0c7d1e2b3a44"
_AGENT_ID = "0b8e4a4e-7a0c-4a44-9a53-8f3e7f5f1c11"


class FlowSums(BaseModel):
    """A flow's figures. Rates are in per cent."""

    flow_id: str | None = Field(description="null where a chatbot has no main flow.", examples=[_FLOW_ID])
    flow_name: str = Field(description="Empty for a flow that was deleted.", examples=["Encomendas"])
    total_conversations: int = Field(examples=[30])
    active_conversations: int = Field(examples=[3])
    completed_conversations: int = Field(description="Not active any more.", examples=[27])
    completion_rate: float = Field(description="Completed, of all.", examples=[90.0])
    resolution_rate: float = Field(description="Came to an end of the flow, of all.", examples=[76.67])
    handoff_rate: float = Field(description="Hand-overs to people, of conversations.", examples=[6.67])
    total_messages: int = Field(description="Of both sides.", examples=[214])
    from_user: int = Field(examples=[102])
    from_bot: int = Field(examples=[112])
    avg_messages_per_conversation: float = Field(examples=[7.13])
    avg_conversation_steps: float = Field(description="How many nodes a conversation comes to.", examples=[6.4])
    avg_conversation_duration_minutes: float = Field(description="Of the completed.", examples=[4.12])

    @classmethod
    def of(cls, name: str, totals: FlowTotals) -> FlowSums:
        """From a flow's figures."""
        return cls.model_validate(_sums(name, totals))


class ChatbotReport(FlowSums):
    """A chatbot with the figures of its main flow; two chatbots that share a flow share its figures."""

    chatbot_id: str = Field(examples=[_CHATBOT_ID])
    name: str = Field(examples=["Recepção"])
    is_active: bool = Field(description="Whether it answers at all.", examples=[True])

    @classmethod
    def of_chatbot(cls, found: ChatbotTotals) -> ChatbotReport:
        """From a chatbot with its flow."""
        chatbot = found.chatbot
        own = {"chatbot_id": chatbot.id, "name": chatbot.name, "is_active": chatbot.is_active}
        return cls.model_validate(own | _sums(found.flow_name, found.totals))


class ChatbotAnalytics(BaseModel):
    """Chatbots side by side. The rates above them are those of all flows together."""

    period: PeriodName = Field(examples=["7d"])
    avg_completion_rate: float = Field(description="Conversations that are over, of all.", examples=[88.1])
    resolution_rate: float = Field(description="Conversations that came to an end of their flow.", examples=[71.43])
    handoff_rate: float = Field(description="Hand-overs to people, of conversations.", examples=[11.9])
    avg_conversation_steps: float = Field(description="How many nodes a conversation comes to.", examples=[6.4])
    chatbots: list[ChatbotReport] = Field(description="Most conversations first.")
    other_flows: list[FlowSums] = Field(
        description="Flows that are no chatbot's main flow: begun by a keyword, a trigger, a number or a jump."
    )

    @classmethod
    def of(cls, period: PeriodName, found: Chatbots) -> ChatbotAnalytics:
        """From chatbots and flows."""
        conversations = sum(flow.conversations for flow in found.flows)
        return cls(
            period=period,
            avg_completion_rate=per_cent(sum(flow.completed for flow in found.flows), conversations),
            resolution_rate=per_cent(sum(flow.finished for flow in found.flows), conversations),
            handoff_rate=per_cent(sum(flow.handed_over for flow in found.flows), conversations),
            avg_conversation_steps=ratio(sum(flow.steps for flow in found.flows), conversations),
            chatbots=[ChatbotReport.of_chatbot(each) for each in found.chatbots],
            other_flows=[FlowSums.of(name, totals) for name, totals in found.others],
        )


class AgentReport(BaseModel):
    """What an agent did. Times are means in seconds, 0 if none is known."""

    agent_id: str = Field(examples=[_AGENT_ID])
    name: str = Field(description="Empty for an agent who is gone.", examples=["Ana"])
    is_active: bool = Field(description="Whether the agent may be given conversations.", examples=[True])
    conversations_taken: int = Field(description="Pulled, taken, or given to the agent.", examples=[18])
    conversations_released: int = Field(description="Given back to the bot.", examples=[11])
    conversations_closed: int = Field(examples=[4])
    conversations_transferred: int = Field(description="Put back into a queue.", examples=[2])
    avg_first_response_time_seconds: float = Field(
        description="From when a contact was to have a person until this agent, the first, had the conversation.",
        examples=[61.0],
    )
    avg_response_time_seconds: float = Field(
        description="The same of every time a contact waited for this agent, also after a transfer.", examples=[74.5]
    )
    avg_handling_time_seconds: float = Field(
        description="How long the agent had conversations that left the agent in the period.", examples=[312.0]
    )

    @classmethod
    def of(cls, agent: Agent | None, found: AgentFigures) -> AgentReport:
        """From an agent, if there is one, and figures."""
        return cls(
            agent_id=found.agent_id,
            name=agent.name if agent else "",
            is_active=agent.is_active if agent else False,
            conversations_taken=found.taken,
            conversations_released=found.released,
            conversations_closed=found.closed,
            conversations_transferred=found.transferred,
            avg_first_response_time_seconds=found.first_response,
            avg_response_time_seconds=found.response,
            avg_handling_time_seconds=found.handling,
        )


class AgentAnalytics(BaseModel):
    """Agents side by side, and how long contacts waited for any of them."""

    period: PeriodName = Field(examples=["7d"])
    conversations_taken: int = Field(description="By all agents.", examples=[48])
    avg_first_response_time_seconds: float = Field(examples=[61.0])
    avg_response_time_seconds: float = Field(examples=[74.5])
    agents: list[AgentReport] = Field(description="Most conversations first; also those who had none.")

    @classmethod
    def of(cls, period: PeriodName, found: Team) -> AgentAnalytics:
        """From what agents did."""
        waiting = found.waiting
        return cls(
            period=period,
            conversations_taken=sum(figures.taken for _, figures in found.agents),
            avg_first_response_time_seconds=waiting.first_response,
            avg_response_time_seconds=waiting.response,
            agents=[AgentReport.of(agent, figures) for agent, figures in found.agents],
        )


class FullReport(BaseModel):
    """What all reports say of a period, in one document: each part is what its own path answers."""

    period: PeriodName = Field(examples=["7d"])
    generated_at: Time = Field(examples=["2026-03-04T13:20:00Z"])
    overview: DashboardOverview
    conversations: ConversationAnalytics
    hourly: HourlyConversations
    messages: MessageReport
    time_series: MessageSeries
    contacts: ContactReport
    chatbots: ChatbotAnalytics
    agents: AgentAnalytics
    costs: CostReport
    campaigns: CampaignReport

    @classmethod
    def of(cls, period: PeriodName, everything: Everything) -> Self:
        """From all reports."""
        found, days = everything.dashboard, PERIOD_DAYS[period]
        figures = found.overview.figures
        messages = MessageFigures(figures=figures, hours=found.hours, series=found.series, deliveries=found.deliveries)
        return cls(
            period=period,
            generated_at=figures.end,
            overview=DashboardOverview.of(period, found),
            conversations=ConversationAnalytics.of(period, found.overview),
            hourly=HourlyConversations.of(period, found.hours),
            messages=MessageReport.of(period, messages),
            time_series=MessageSeries.of(period, "day", found.series),
            contacts=ContactReport.of(period, found.audience, figures.messages),
            chatbots=ChatbotAnalytics.of(period, found.chatbots),
            agents=AgentAnalytics.of(period, found.team),
            costs=CostReport.of(days, everything.costs),
            campaigns=CampaignReport.of(days, everything.campaigns),
        )


def _sums(name: str, totals: FlowTotals) -> dict[str, object]:
    messages = totals.from_contacts + totals.from_bot
    return {
        "flow_id": totals.flow_id or None,
        "flow_name": name,
        "total_conversations": totals.conversations,
        "active_conversations": totals.conversations - totals.completed,
        "completed_conversations": totals.completed,
        "completion_rate": per_cent(totals.completed, totals.conversations),
        "resolution_rate": per_cent(totals.finished, totals.conversations),
        "handoff_rate": per_cent(totals.handed_over, totals.conversations),
        "total_messages": messages,
        "from_user": totals.from_contacts,
        "from_bot": totals.from_bot,
        "avg_messages_per_conversation": ratio(messages, totals.conversations),
        "avg_conversation_steps": ratio(totals.steps, totals.conversations),
        "avg_conversation_duration_minutes": round(totals.average_duration / 60, 2),
    }
