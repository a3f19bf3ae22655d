"""Every action by its type."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from services.executor.domain.importers.rapidpro import keeping, messages, outside
from services.executor.domain.importers.rapidpro.source import Action, Done

_READERS: Mapping[str, Callable[[Action], Done]] = MappingProxyType(
    {
        "send_msg": messages.read_send_msg,
        "send_interactive_msg": messages.read_interactive,
        "say_msg": messages.read_say_msg,
        "play_audio": messages.read_play_audio,
        "set_run_result": keeping.read_run_result,
        "set_run_local": keeping.read_run_local,
        "set_contact_field": keeping.read_field,
        "set_contact_name": keeping.read_attribute("name", "name"),
        "set_contact_timezone": keeping.read_attribute("timezone", "timezone"),
        "set_contact_language": keeping.read_language,
        "set_contact_status": keeping.read_status,
        "set_contact_channel": keeping.read_without_effect("A conversation stays at the number that was written to."),
        "add_contact_urn": keeping.read_urn,
        "add_contact_groups": keeping.read_add_groups,
        "remove_contact_groups": keeping.read_remove_groups,
        "add_input_labels": keeping.read_labels,
        "request_optin": keeping.read_opt_in,
        "send_optin": keeping.read_opt_in,
        "enter_flow": outside.read_flow,
        "call_webhook": outside.read_webhook,
        "link_webhook": outside.read_webhook,
        "call_resthook": outside.read_resthook,
        "call_llm": outside.read_model,
        "open_ticket": outside.read_ticket,
        "send_email": outside.read_email,
        "send_broadcast": outside.read_about_others,
        "start_session": outside.read_about_others,
        "wait_for_time": outside.read_wait_for_time,
        "wait_for_result": outside.read_wait_for_result,
    }
)


def read_action(action: Action) -> Done:
    """The nodes an action becomes; one without a counterpart is kept as data and reported."""
    return _READERS.get(action.type, outside.read_as_action)(action)
