"""Who holds a phone: a number, a business-scoped user id, or both."""

import hashlib
import re
from dataclasses import dataclass

from .bodies.request import USER_ID, wa_id


@dataclass(frozen=True, slots=True)
class Person:
    """A WhatsApp user as one business sees them; `wa_id` is empty for users who hide their number."""

    wa_id: str
    user_id: str

    @property
    def key(self) -> str:
        """What names this person in limits, histories and addresses of the simulator."""
        return self.wa_id or self.user_id


class People:
    """Derives user ids and finds the person behind one; a WABA stands for Meta's business portfolio."""

    def __init__(self) -> None:
        self._by_user_id: dict[str, Person] = {}
        self._by_phone: dict[tuple[str, str], Person] = {}

    def holding(self, waba_id: str, address: str) -> Person:
        """The person at a phone number or user id as typed. Raises GraphError when it is neither."""
        return self.with_user_id(address) if USER_ID.fullmatch(address) else self.with_phone(waba_id, wa_id(address))

    def with_phone(self, waba_id: str, digits: str) -> Person:
        """The person with this phone number, under a user id that is always the same for this WABA."""
        person = self._by_phone.get((waba_id, digits))
        if person is None:
            person = Person(digits, _user_id(waba_id, digits))
            self._by_phone[waba_id, digits] = self._by_user_id[person.user_id] = person
        return person

    def with_user_id(self, user_id: str) -> Person:
        """The person behind a user id; one never seen with a number has none."""
        return self._by_user_id.get(user_id) or Person("", user_id)


def _user_id(waba_id: str, digits: str) -> str:
    digest = hashlib.blake2b(f"{waba_id}/{digits}".encode(), digest_size=8).digest()
    country = "BR" if re.match("55", digits) else "US"
    return f"{country}.{int.from_bytes(digest, 'big'):020d}"
