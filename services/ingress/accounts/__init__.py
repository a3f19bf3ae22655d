"""People and programs of organizations: accounts, sessions, invitations, API keys, and the gate they come in by.

Rules are in domain/accounts, tables in store/, passwords in passwords.py. gate.py stands before every REST request;
provisioning.py and server.py are the operator's. docs/decisions/0019-people-and-keys.md says why it is as it is.
"""
