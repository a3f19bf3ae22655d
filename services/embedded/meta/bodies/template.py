"""Templates: the values for their placeholders. Which template wants which, the simulator does not know."""

import re
from collections.abc import Callable

from .commerce import check_product_sections
from .fields import JsonObject, child, children, missing, number, optional_words, words, wrong
from .media import check_media_source

LANGUAGE = re.compile("[a-z]{2,3}(_[A-Za-z]{2,4})?")
TORN = re.compile("[\n\r\t]| {5}")
LONGEST_TEXT = {"header": 60, "body": 32768, "button": 2000}
PARTS = ("header", "body", "button", "carousel", "limited_time_offer", "order_status")


def check_template(template: JsonObject) -> None:
    """Refuse what Meta refuses in the `template` object."""
    words(template, "name", "template.name", 512)
    code = words(child(template, "language", "template.language"), "code", "template.language.code", 16)
    if not LANGUAGE.fullmatch(code):
        wrong("template.language.code", "a language as pt_BR is expected")
    if "components" in template:
        _check_components(template, "template.components", PARTS)


def _check_components(parent: JsonObject, path: str, kinds: tuple[str, ...]) -> None:
    for component in children(parent, "components", path, 0, 64):
        kind = words(component, "type", f"{path}.type", 64).lower()
        if kind not in kinds:
            wrong(f"{path}.type", f"{kind} is not allowed here")
        if kind == "carousel":
            for card in children(component, "cards", f"{path}.cards", 1, 10):
                _check_components(card, f"{path}.cards.components", ("header", "body", "button"))
            continue
        if kind == "button":
            words(component, "sub_type", f"{path}.sub_type", 64)
            number(component, "index", f"{path}.index", 0, 9)
        _check_parameters(component, f"{path}.parameters", LONGEST_TEXT.get(kind, 1024))


def _check_parameters(component: JsonObject, path: str, longest: int) -> None:
    parameters = children(component, "parameters", path, 0, 64) if "parameters" in component else []
    if len({"parameter_name" in parameter for parameter in parameters}) > 1:
        wrong(path, "either all parameters have names or none has")
    for parameter in parameters:
        kind = words(parameter, "type", f"{path}.type", 64)
        if kind == "text":
            _check_text(parameter, f"{path}.text", longest)
        elif check := _CHECKS.get(kind):
            check(parameter, path)
        else:
            wrong(f"{path}.type", f"{kind} is not a type of parameter")


def _check_text(parameter: JsonObject, path: str, longest: int) -> None:
    # Meta's own examples have true and false there.
    if not isinstance(parameter.get("text"), bool) and TORN.search(words(parameter, "text", path, longest)):
        wrong(path, "Param text cannot have new-line/tab characters or more than 4 consecutive spaces")


def _check_media(parameter: JsonObject, path: str) -> None:
    kind = str(parameter["type"])
    check_media_source(child(parameter, kind, f"{path}.{kind}"), f"{path}.{kind}")


def _check_location(parameter: JsonObject, path: str) -> None:
    location = child(parameter, "location", f"{path}.location")
    number(location, "latitude", f"{path}.location.latitude", -90, 90)
    number(location, "longitude", f"{path}.location.longitude", -180, 180)


def _check_currency(parameter: JsonObject, path: str) -> None:
    currency = child(parameter, "currency", f"{path}.currency")
    words(currency, "fallback_value", f"{path}.currency.fallback_value", 1024)
    if len(words(currency, "code", f"{path}.currency.code", 3)) != 3:
        wrong(f"{path}.currency.code", "a currency of three letters is expected")
    number(currency, "amount_1000", f"{path}.currency.amount_1000", -1e15, 1e15)


def _check_date_time(parameter: JsonObject, path: str) -> None:
    words(
        child(parameter, "date_time", f"{path}.date_time"), "fallback_value", f"{path}.date_time.fallback_value", 1024
    )


def _check_product(parameter: JsonObject, path: str) -> None:
    product = child(parameter, "product", f"{path}.product")
    words(product, "product_retailer_id", f"{path}.product.product_retailer_id", 512)
    words(product, "catalog_id", f"{path}.product.catalog_id", 64)


def _check_payload(parameter: JsonObject, path: str) -> None:
    words(parameter, "payload", f"{path}.payload", 512)


def _check_coupon(parameter: JsonObject, path: str) -> None:
    words(parameter, "coupon_code", f"{path}.coupon_code", 20)


def _check_action(parameter: JsonObject, path: str) -> None:
    action = child(parameter, "action", f"{path}.action")
    optional_words(action, "flow_token", f"{path}.action.flow_token", 512)
    if "sections" in action:
        check_product_sections(action, f"{path}.action.sections")


def _check_ttl(parameter: JsonObject, path: str) -> None:
    number(parameter, "ttl_minutes", f"{path}.ttl_minutes", 1, 43200)


def _check_offer(parameter: JsonObject, path: str) -> None:
    offer = child(parameter, "limited_time_offer", f"{path}.limited_time_offer")
    if not isinstance(offer.get("expiration_time_ms"), int):
        missing(f"{path}.limited_time_offer.expiration_time_ms")


_CHECKS: dict[str, Callable[[JsonObject, str], None]] = {
    "image": _check_media,
    "video": _check_media,
    "document": _check_media,
    "location": _check_location,
    "currency": _check_currency,
    "date_time": _check_date_time,
    "product": _check_product,
    "payload": _check_payload,
    "coupon_code": _check_coupon,
    "action": _check_action,
    "ttl_minutes": _check_ttl,
    "limited_time_offer": _check_offer,
}
