"""start: where a conversation enters the flow, and what starts it by itself."""

from typing import Final

from services.executor.domain.nodes import fields
from services.executor.domain.nodes.node_type import NodeType, main_exit
from services.executor.domain.triggers import KINDS, LONGEST_WORD, MATCHES, MOST_TRIGGERS, check_triggers
from services.executor.domain.turn import NEXT, Passing

_TRIGGER: Final = fields.record(
    "One way to start the flow.",
    {
        "kind": fields.choice(
            "keyword: by the text; template_button: by a tap on a template's button; referral: by an ad or a post the "
            "contact came from; any: by any message that nothing else takes. Others are kept and start nothing.",
            *KINDS,
        ),
        "match": fields.choice(
            "How keywords are compared, trimmed and without regard to case. regex: RE2 patterns, found anywhere in the "
            "trimmed text as it was written; (?i) ignores case.",
            *filter(None, MATCHES),
            default="exact",
        ),
        "keywords": fields.items(
            f"Of keyword: each of them starts the flow. At most {LONGEST_WORD} characters; a pattern 1,000.",
            fields.text("One."),
        ),
        "payloads": fields.items("Of template_button: payloads that count, exactly.", fields.text("One.")),
        "texts": fields.items("Of template_button: texts of buttons that count. Without both lists every button does."),
        "sourceIds": fields.items("Of referral: ids of the ads and posts that count; every one when absent."),
        "sourceTypes": fields.items("Of referral: ad, post; both when absent."),
        "numbers": fields.items("Only on these business numbers (phone_number_id); on every one when absent."),
    },
)

START = NodeType(
    summary="Where a conversation enters the flow. A flow has exactly one. Its triggers start the flow while it is "
    "published and no session is active; see [What starts a flow](flows.md#what-starts-a-flow).",
    schema=fields.data({"triggers": fields.items(f"What starts the flow, at most {MOST_TRIGGERS}.", _TRIGGER)}),
    ways={"next": "At once."},
    compile=lambda node, plan: Passing(lambda turn: NEXT),
    exits=main_exit("next"),
    check=check_triggers,
)
