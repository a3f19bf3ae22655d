"""Settings come from the environment once, or the process says in one sentence what is wrong."""

import dataclasses

import pytest

from services.chassis.settings import Secret, ServiceSettings, SettingsError, read_settings, setting


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    name: str = setting("SAMPLE_NAME", "what it is called")
    size: int = setting("SAMPLE_SIZE", "how many", default=3)
    seconds: float = setting("SAMPLE_SECONDS", "how long", default=0.5)
    is_open: bool = setting("SAMPLE_OPEN", "whether it is open", default=False)
    key: Secret = setting("SAMPLE_KEY", "a secret", default=Secret(""))


def test_unset_and_empty_variables_leave_the_defaults() -> None:
    found = read_settings(Sample, {"SAMPLE_NAME": "x", "SAMPLE_SIZE": "", "SAMPLE_OPEN": "  "})
    assert found == Sample(name="x", size=3, seconds=0.5, is_open=False, key=Secret(""))


def test_values_have_the_types_of_their_fields() -> None:
    found = read_settings(
        Sample,
        {
            "SAMPLE_NAME": " x ",
            "SAMPLE_SIZE": "12",
            "SAMPLE_SECONDS": "2.5",
            "SAMPLE_OPEN": "Yes",
            "SAMPLE_KEY": "s3cret",
        },
    )
    assert found == Sample(name="x", size=12, seconds=2.5, is_open=True, key=Secret("s3cret"))
    assert isinstance(found.key, Secret)


@pytest.mark.parametrize(
    ("variable", "text", "mend"),
    [
        ("SAMPLE_SIZE", "many", "a number that is not negative"),
        ("SAMPLE_SIZE", "2.5", "a number that is not negative"),
        ("SAMPLE_SIZE", "-1", "a number that is not negative"),
        ("SAMPLE_SECONDS", "-0.1", "a number that is not negative"),
        ("SAMPLE_OPEN", "maybe", "true or false"),
    ],
)
def test_a_wrong_value_is_named_with_its_mend(variable: str, text: str, mend: str) -> None:
    with pytest.raises(SettingsError, match=f"{variable} is '{text}'; it must be {mend}"):
        read_settings(Sample, {"SAMPLE_NAME": "x", variable: text})


def test_a_missing_value_is_named_with_what_it_is_for() -> None:
    with pytest.raises(SettingsError, match="SAMPLE_NAME is not set; give it a value: what it is called"):
        read_settings(Sample, {})


def test_secrets_do_not_show_in_a_repr() -> None:
    environment = {
        "DATABASE_URL": "postgresql://u:hidden@h/d",
        "SERVICE_KEY_FILE": "k",
        "SERVICE_JWKS_FILE": "j",
        "REDIS_URL": "redis://:hidden@h/0",
    }
    assert "hidden" not in repr(read_settings(ServiceSettings, environment))


def test_every_setting_says_what_it_is() -> None:
    for field in dataclasses.fields(ServiceSettings):
        assert field.metadata["variable"].isupper()
        assert len(field.metadata["help"]) > 20
