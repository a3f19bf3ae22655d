"""The words Meta has for fields, messages and statuses; any other is stored as not known and never acted on.

Source: Meta, "Webhooks for the WhatsApp Business Platform", 2026, and two fields seen in the wild
(consumer_profile, message_echoes).
"""

KNOWN_FIELDS = frozenset(
    {
        "account_alerts",
        "account_review_update",
        "account_settings_update",
        "account_update",
        "automatic_events",
        "business_capability_update",
        "business_username_updates",
        "calls",
        "consumer_profile",
        "flows",
        "group_lifecycle_update",
        "group_participants_update",
        "group_settings_update",
        "group_status_update",
        "history",
        "message_echoes",
        "message_template_components_update",
        "message_template_quality_update",
        "message_template_status_update",
        "messages",
        "messaging_handovers",
        "partner_solutions",
        "payment_configuration_update",
        "phone_number_name_update",
        "phone_number_quality_update",
        "security",
        "smb_app_state_sync",
        "smb_message_echoes",
        "standby",
        "template_category_update",
        "template_correct_category_detection",
        "user_id_update",
        "user_preferences",
    }
)

KNOWN_KINDS = frozenset(
    {
        "text",
        "image",
        "video",
        "audio",
        "voice",
        "document",
        "sticker",
        "location",
        "contacts",
        "reaction",
        "button",
        "interactive",
        "order",
        "system",
        "unsupported",
        "unknown",
        "edit",
        "revoke",
        "media_placeholder",
    }
)

# What a user says to the business, as opposed to what happens around it (reactions, edits, notices).
FLOW_KINDS = frozenset(
    {
        "text",
        "image",
        "video",
        "audio",
        "voice",
        "document",
        "sticker",
        "location",
        "contacts",
        "button",
        "order",
    }
)
FLOW_REPLIES = frozenset({"button_reply", "list_reply", "nfm_reply"})

KNOWN_STATUSES = frozenset({"sent", "delivered", "read", "played", "failed", "deleted"})
