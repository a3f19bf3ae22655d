"""Access tokens as they are pasted."""

from typing import Any
from uuid import uuid4

import pytest

from services.chassis.errors import InvalidArgument
from services.sender.usecases import KeepCredentials

# What is refused touches nothing of what stands behind.
NOTHING: Any = None


@pytest.mark.parametrize("token", ["", "EAA x", "EAAx\n", "EAAç", "E" * 4097])
async def test_what_can_be_no_token_is_refused_before_it_is_stored(token: str) -> None:
    credentials = KeepCredentials(NOTHING, NOTHING)

    with pytest.raises(InvalidArgument, match="access_token"):
        await credentials.put(organization_id=uuid4(), phone_number_id="1", token=token)
