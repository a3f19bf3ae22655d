"""router routes: whose number, whose contact, which flow.

Does: finds organization, contact, conversation and flow of every message, and hands it on to executor; finds people for
what flows hand over.
Owns: organizations, numbers, chatbots, keyword triggers, contacts with their identities, conversations, departments,
queues, agents, what is left of those who were erased.
Never does: run a flow, talk to Meta, answer OK before the next room has the message durably.
"""
