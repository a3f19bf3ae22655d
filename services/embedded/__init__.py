"""The one-command run: embedded Postgres and Valkey, a simulated Meta and the five services on one machine.

Does: launches, watches, restarts and stops processes, and tells where they listen.
Owns: the data folder (databases, secrets, logs, state file).
Never does: anything a service does; it meets them through their environment and `/readyz` only.
"""
