"""Who writes: phone numbers, business-scoped user ids, and both."""

from __future__ import annotations

from tests.journeys.conftest import OpenShop
from tests.journeys.shop import flow_of, sign, texts
from tests.journeys.webhooks import Person


def test_a_contact_without_a_phone_number_is_answered_by_user_id(open_shop: OpenShop) -> None:
    shop = open_shop({"echo": flow_of("echo")})
    hidden = Person(user_id=f"BR.9{shop.serial:015d}")
    shop.hear_text(hidden, "boo", "who am I?")
    sent = [entry["body"] for entry in shop.sent_to(hidden)]
    assert [body["text"]["body"] for body in sent] == ["You said: ", "You said: who am I?"]
    assert [(body.get("recipient"), body.get("to")) for body in sent] == [(hidden.user_id, None)] * 2


def test_a_contact_that_shows_its_number_later_goes_on_in_the_same_conversation(open_shop: OpenShop) -> None:
    shop = open_shop({"seedlings": flow_of("seedlings")})
    shown = shop.person()
    hidden = Person(user_id=f"BR.8{shop.serial:015d}")
    both = Person(shown.wa_id, hidden.user_id)
    shop.hear(hidden, *texts(hidden, ["Oi", "Lia"]))
    shop.hear(both, *texts(both, ["cinco"]))
    shop.hear(shown, *texts(shown, ["5"]))
    assert [reply for person in (hidden, shown) for reply in shop.replies(person)][-1] == (
        "Separadas 5 bandejas para Lia. Até sábado! 🪴"
    )
    assert shop.ask("GET", "/conversations", token=shop.token()).json()["total"] == 1


def test_the_profile_name_of_another_contact_is_never_taken(open_shop: OpenShop) -> None:
    greeting = sign("Welcome, {{contact.name}}.")
    shop = open_shop({"greeting": greeting})
    one, other = shop.person(1), shop.person(2)
    shop.deliver_change([other, one], [*texts(one, ["hi"]), *texts(other, ["hi"])])
    assert shop.replies(one) == [f"Welcome, {one.name}."]
    assert shop.replies(other) == [f"Welcome, {other.name}."]
