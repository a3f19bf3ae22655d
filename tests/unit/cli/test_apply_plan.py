from dataclasses import replace

import pytest

from services.cli.apply.plan import Existing, app_owner, check_references
from services.cli.apply.reading import Where
from services.cli.apply.wanted import Chatbot, Flow, MetaApp, Number, Organization, Trigger
from services.cli.ending import WrongInput
from services.pb.executor.v1 import executor_pb2
from services.pb.router.v1 import router_pb2

HERE = Where("shop.yaml", "organizations[0]")
NUMBER = Number("1", "+1", "t", "", "", "", True, "", "", 0, 0, HERE)
APP = MetaApp("main", "s", "", "v", HERE)
FLOW = Flow("sales", b"{}", True, HERE)
ACME = Organization("acme", HERE)


def owner(app: str, *wanted: Organization, house: dict[str, Existing] | None = None) -> str:
    return app_owner(replace(NUMBER, app=app), wanted[0], wanted, house or {})


def refusal(organization: Organization, house: dict[str, Existing] | None = None) -> str:
    with pytest.raises(WrongInput) as caught:
        check_references([organization], house or {})
    return str(caught.value)


def test_an_app_is_looked_for_at_home_first() -> None:
    others = replace(ACME, name="globex", apps=(APP,))
    assert owner("main", replace(ACME, apps=(APP,)), others) == "acme"


def test_an_app_of_the_house_counts_as_at_home() -> None:
    assert owner("main", ACME, house={"acme": Existing("1", apps=frozenset({"main"}))}) == "acme"


def test_an_app_of_the_only_other_organization_that_has_it_is_taken() -> None:
    assert owner("main", ACME, replace(ACME, name="globex", apps=(APP,))) == "globex"


def test_an_app_that_several_others_have_must_be_named_with_its_organization() -> None:
    others = [replace(ACME, name=name, apps=(APP,)) for name in ("globex", "initech")]
    with pytest.raises(LookupError, match="which globex and initech have; write it as globex/main"):
        owner("main", ACME, *others)
    assert owner("initech/main", ACME, *others) == "initech"


def test_an_app_that_nobody_has_is_refused() -> None:
    assert "numbers" not in refusal(replace(ACME, numbers=(replace(NUMBER, app="nope"),)))
    assert "is 'nope', which is no Meta app" in refusal(replace(ACME, numbers=(replace(NUMBER, app="nope"),)))


def test_an_app_that_the_named_organization_lacks_is_refused() -> None:
    assert "but globex has no such Meta app" in refusal(replace(ACME, numbers=(replace(NUMBER, app="globex/main"),)))


@pytest.mark.parametrize(
    "organization",
    [
        replace(ACME, fallback_flow="sales"),
        replace(ACME, chatbots=(Chatbot("shop", "sales", True, HERE),)),
        replace(ACME, numbers=(replace(NUMBER, default_flow="sales"),)),
        replace(ACME, triggers=(Trigger("promo", router_pb2.KEYWORD_MATCH_EXACT, "sales", "", HERE),)),
    ],
)
def test_every_reference_to_a_flow_must_lead_to_a_published_one(organization: Organization) -> None:
    assert "is 'sales', which is not a flow; list it under flows" in refusal(organization)
    draft = {"acme": Existing("1", flows={"sales": executor_pb2.Flow(name="sales")})}
    assert "a flow that is not published" in refusal(organization, draft)
    check_references([replace(organization, flows=(FLOW,))], {})
    published = {"acme": Existing("1", flows={"sales": executor_pb2.Flow(name="sales", published_version=1)})}
    check_references([organization], published)


def test_a_trigger_on_a_number_that_is_not_here_is_refused() -> None:
    trigger = Trigger("promo", router_pb2.KEYWORD_MATCH_EXACT, "sales", "9", HERE)
    organization = replace(ACME, flows=(FLOW,), triggers=(trigger,))
    assert "number is '9', which is not a number here" in refusal(organization)
    check_references([organization], {"acme": Existing("1", numbers={"9": router_pb2.Number()})})
