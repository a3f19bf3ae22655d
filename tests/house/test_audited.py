"""Whatever people and the operator may change is noted: a new method that changes something must say how."""

from tests.house.calls import COMMON
from tests.house.test_callers import ROOMS, policies_of

# Words that a method which only looks begins with.
LOOKS = ("List", "Get", "Check", "Verify", "Validate", "Diff", "Watch")

NOTED = {
    "common.DeadLetters.ReplayDeadLetters",
    "executor.FlowService.DeleteFlow",
    "executor.FlowService.ImportFlow",
    "executor.FlowService.PublishFlow",
    "executor.FlowService.PutFlow",
    "executor.FlowService.RollbackFlow",
    "executor.Secrets.DeleteSecret",
    "executor.Secrets.PutSecret",
    "executor.States.CloseState",
    "executor.States.ReleaseConversation",
    "executor.States.TakeConversation",
    "ingress.Accounts.CreateApiKey",
    "ingress.Accounts.CreateInvitation",
    "ingress.Accounts.CreateUser",
    "ingress.Accounts.PutApiKey",
    "ingress.Accounts.PutUser",
    "ingress.Accounts.RevokeApiKey",
    "ingress.Accounts.RevokeInvitation",
    "ingress.Accounts.SetPassword",
    "ingress.Accounts.UnlockUser",
    "ingress.Accounts.UpdateUser",
    "ingress.Apps.EndRotation",
    "ingress.Apps.PutApp",
    "ingress.Privacy.ExportContact",
    "ingress.Privacy.RequestErasure",
    "router.Conversations.SetOwner",
    "router.Inbox.AddNote",
    "router.Inbox.UpdateConversation",
    "router.People.CreateContact",
    "router.People.MergeContacts",
    "router.People.UpdateContact",
    "router.Settings.CreateChatbot",
    "router.Settings.CreateNumber",
    "router.Settings.DeleteChatbot",
    "router.Settings.UpdateChatbot",
    "router.Settings.UpdateNumber",
    "router.Settings.UpdateOrganization",
    "router.Directory.PutChatbot",
    "router.Directory.PutNumber",
    "router.Directory.PutOptOutWords",
    "router.Directory.PutOrganization",
    "router.Directory.PutTriggers",
    "router.Privacy.PutRetention",
    "router.Queues.Assign",
    "router.Queues.DeleteAgent",
    "router.Queues.DeleteDepartment",
    "router.Queues.DeleteQueue",
    "router.Queues.PutAgent",
    "router.Queues.PutDepartment",
    "router.Queues.PutQueue",
    "router.Queues.Pull",
    "router.Queues.Release",
    "router.Queues.Transfer",
    "router.Queues.UpdateAgent",
    "router.Queues.UpdateDepartment",
    "router.Queues.UpdateQueue",
    "sender.Campaigns.Cancel",
    "sender.Campaigns.Create",
    "sender.Campaigns.Pause",
    "sender.Campaigns.Resume",
    "sender.Campaigns.Schedule",
    "sender.Campaigns.Start",
    "sender.Credentials.PutCredential",
    "sender.Media.DeleteMedia",
    "sender.ReceivedMedia.PutPolicy",
    "sender.Numbers.EndPauses",
    "sender.Numbers.PutNumberLimits",
    "sender.Templates.CreateTemplate",
    "sender.Templates.DeleteTemplate",
    "sender.Webhooks.DeleteWebhook",
    "sender.Webhooks.PutWebhook",
}
"""Held in tests/integration by each room's test_audited_changes.py; for Accounts by accounts/test_provisioning.py and
accounts/test_accounts_of_teams.py; for Inbox, People and Settings by router's test_inbox.py, test_people.py and
test_own_settings.py; for Pull, which is noted within a second after it, by router's test_desk_events.py."""

CHANGES_NOTHING = {
    "sender.Campaigns.AddRecipients",  # whom a campaign wrote to stands in its recipients; its start is noted
    "executor.FlowService.ExportFlow",  # what whoever may read flows sees anyhow
    "executor.FlowService.ReplayConversation",  # what whoever may read conversations sees anyhow, run again in memory
    "common.Sealing.Reseal",  # the same values under another key; services do it by themselves
    "sender.Media.UploadMedia",  # a file is nothing until a message names it, and that stands in the list of messages
    "sender.Templates.SyncTemplates",  # what is known of Meta's templates, as Meta has them
    "sender.MessageService.Send",  # what was sent stands in the list of messages, and in the transcript
    "router.Queues.SetPresence",  # holds for minutes, and says nothing of anybody else
    "router.Routing.SubmitTestMessage",  # what is said stands in the transcript
}
"""Why these are not noted."""


def test_every_method_that_changes_something_for_people_is_noted() -> None:
    changing = {
        f"{room}.{service}.{method}"
        for room in (*ROOMS, COMMON)
        for (service, method), policy in policies_of(room).items()
        if policy.callers & {"operator", "team"} and not method.startswith(LOOKS)
    }

    assert changing == NOTED | CHANGES_NOTHING
