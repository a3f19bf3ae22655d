"""What apply remembers of an embedded house: the services keep secrets sealed and never give them back.

The file lies beside the house's other secrets, for its owner alone. `pytake webhook send` signs with it, and the
simulated Meta, which forgets everything when it ends, is given its numbers again from it.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from services.embedded.keys import write_private

FILE = "applied.json"


@dataclass(frozen=True, slots=True)
class RememberedApp:
    """A Meta app's secret; `reference` is organization_id/name."""

    reference: str
    name: str
    organization: str
    app_secret: str


@dataclass(frozen=True, slots=True)
class RememberedNumber:
    """A number as the simulated Meta needs it; `app` is a reference, or empty when the number takes any app."""

    phone_number_id: str
    display_phone_number: str
    access_token: str
    organization_id: str
    app: str
    waba_id: str


@dataclass(slots=True)
class Memory:
    """Apps and numbers in the order they were first applied, and digests of what was applied last.

    Without a file it is forgotten with the command.
    """

    file: Path | None = None
    apps: dict[str, RememberedApp] = field(default_factory=dict)
    numbers: dict[str, RememberedNumber] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, secrets_folder: Path) -> "Memory":
        """Read what was remembered; a house nothing was applied to remembers nothing."""
        file = secrets_folder / FILE
        if not file.exists():
            return cls(file)
        kept = json.loads(file.read_text())
        return cls(
            file,
            apps={key: RememberedApp(**value) for key, value in kept["apps"].items()},
            numbers={key: RememberedNumber(**value) for key, value in kept["numbers"].items()},
            digests=kept["digests"],
        )

    def save(self) -> None:
        """Replace the file at once, unless it says the same already."""
        if self.file is None:
            return
        kept = {
            "apps": {key: asdict(app) for key, app in self.apps.items()},
            "numbers": {key: asdict(number) for key, number in self.numbers.items()},
            "digests": self.digests,
        }
        text = json.dumps(kept, indent=2)
        if not self.file.exists() or self.file.read_text() != text:
            write_private(self.file, text)

    def is_known(self, key: str, value: object) -> bool:
        """Whether exactly this value was applied last under this key."""
        return self.digests.get(key) == _digest(value)

    def note(self, key: str, value: object) -> None:
        """Remember that this value was applied."""
        self.digests[key] = _digest(value)

    def app_of(self, number: RememberedNumber) -> RememberedApp | None:
        """The app a number is bound to, else the first one of its organization."""
        if number.app:
            return self.apps.get(number.app)
        return next((app for key, app in self.apps.items() if key.startswith(f"{number.organization_id}/")), None)


def _digest(value: object) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()
