"""Ingress accepts: what Meta, people and programs send to PyTake enters here.

does        checks the signature of every webhook, makes the raw body durable, and only then answers 200;
            afterwards parses it into events and hands each to the router; serves the REST API and the console;
            takes erasures, exports and retention through all rooms
owns        the webhook inbox, Meta apps (app secrets, verify tokens), users, API keys, the audit of logins, jobs for
            people's rights
never does  decide anything about a conversation, send a message, read another room's tables
"""
