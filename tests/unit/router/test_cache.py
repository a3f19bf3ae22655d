"""The cache gives a plan of exactly the version asked for, and keeps only so many."""

from uuid import UUID

from services.router.cache import ContactCache, PlanCache
from services.router.domain.contacts import Acquaintance, Contact
from services.router.domain.identity import Naming
from services.router.domain.organization import Organization, Setup


def setup(number: int, version: int = 1) -> Setup:
    return Setup(Organization(UUID(int=number), f"Loja {number}", None, "UTC", version))


def test_a_plan_of_another_version_is_not_given():
    cache = PlanCache()
    plan = cache.keep(setup(1, version=3))
    assert cache.plan_of(UUID(int=1), 3) is plan
    assert cache.plan_of(UUID(int=1), 4) is None
    assert cache.plan_of(UUID(int=2), 3) is None


def test_the_plan_unused_for_longest_is_forgotten():
    cache = PlanCache(organizations=2)
    cache.keep(setup(1))
    cache.keep(setup(2))
    cache.plan_of(UUID(int=1), 1)
    cache.keep(setup(3))
    assert [cache.plan_of(UUID(int=n), 1) is not None for n in (1, 2, 3)] == [True, False, True]


def test_owners_of_numbers_are_remembered_up_to_a_limit():
    cache = PlanCache(numbers=2)
    for number in range(3):
        cache.keep_owner(str(number), UUID(int=number))
    assert cache.likely_owners(["0", "1", "2", "404"]) == {"1": UUID(int=1), "2": UUID(int=2)}


def test_a_likely_plan_is_that_of_the_numbers_last_owner_in_whatever_version():
    cache = PlanCache()
    cache.keep_owner("1", UUID(int=1))
    assert cache.likely_plan("1") is None
    plan = cache.keep(setup(1, version=3))
    assert cache.likely_plan("1") is plan
    assert cache.likely_plan("404") is None


def naming(number: int, wa_id: str = "5581900000001") -> Naming:
    return Naming(UUID(int=number), "100200300", wa_id, "")


def acquaintance(number: int) -> Acquaintance:
    return Acquaintance(Contact(UUID(int=number), UUID(int=100 + number)), UUID(int=200 + number))


def test_contacts_are_remembered_by_organization_and_all_names():
    cache = ContactCache()
    cache.keep(naming(1), acquaintance(1))
    cache.keep(naming(2), acquaintance(2))
    assert cache.recall(naming(1)) == acquaintance(1)
    assert cache.recall(naming(2)) == acquaintance(2)
    assert cache.recall(naming(3)) is None
    assert cache.recall(naming(1, "5581900000002")) is None


def test_the_contact_that_has_not_written_for_longest_is_forgotten():
    cache = ContactCache(contacts=2)
    cache.keep(naming(1), acquaintance(1))
    cache.keep(naming(2), acquaintance(2))
    cache.recall(naming(1))
    cache.keep(naming(3), acquaintance(3))
    assert [cache.recall(naming(n)) is not None for n in (1, 2, 3)] == [True, False, True]
