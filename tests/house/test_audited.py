"""Whatever people and the operator may change is noted: a new method that changes something must say how."""

from tests.house.calls import COMMON
from tests.house.test_callers import ROOMS, policies_of

# Words that a method which only looks begins with.
LOOKS = ("List", "Get", "Check", "Verify")

NOTED = {
    "common.DeadLetters.ReplayDeadLetters",
    "executor.Flows.PutFlow",
    "executor.States.CloseState",
    "ingress.Accounts.PutApiKey",
    "ingress.Accounts.PutUser",
    "ingress.Accounts.RevokeApiKey",
    "ingress.Accounts.SetPassword",
    "ingress.Accounts.UnlockUser",
    "ingress.Apps.PutApp",
    "router.Conversations.SetOwner",
    "router.Directory.PutChatbot",
    "router.Directory.PutNumber",
    "router.Directory.PutOrganization",
    "router.Directory.PutTriggers",
    "sender.Credentials.PutCredential",
}
"""Held by the test_audited_changes.py of each room, in tests/integration; for Accounts by accounts/test_provisioning.py."""

SAID = {"router.Routing.SubmitTestMessage"}
"""What is said in a conversation stands in its transcript, not in the audit log."""


def test_every_method_that_changes_something_for_people_is_noted() -> None:
    changing = {
        f"{room}.{service}.{method}"
        for room in (*ROOMS, COMMON)
        for (service, method), policy in policies_of(room).items()
        if policy.callers & {"operator", "team"} and not method.startswith(LOOKS)
    }

    assert changing == NOTED | SAID
