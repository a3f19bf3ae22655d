"""The cache gives a plan of exactly the version asked for, and keeps only so many."""

from uuid import UUID

from services.router.cache import PlanCache
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
