"""Executor: runs conversation flows.

Does: takes what a contact said (or a timer that fired), runs the published flow one turn on, and
saves the new state together with the commands that follow from it.
Owns: flows and their immutable versions, conversation states, timers, effects, its outbox.
Never does: send a message, decide who owns a conversation, or wait for the network inside a step.
"""
