"""Write what the image is made of as CycloneDX 1.6 (JSON): every locked package with hashes, licence and dependencies.

Licences and dependencies are read from the packages installed in this environment, which are the locked ones.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tomllib
import uuid
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.locks import Pin, canonical, pins_of  # noqa: E402 - as in audit.py

LOCK = ROOT / "deploy" / "image" / "requirements.lock"
_NAMESPACE = uuid.UUID("5b8f6e0a-5a3e-5d0f-8d5a-7c1f4f0b9a11")
_LONGEST_LICENCE = 80


def bill(lock: Path) -> dict[str, Any]:
    """The bill of materials of a lock; the same lock gives the same bill."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pins = pins_of(lock)
    reference = f"pkg:pypi/{project['name']}@{project['version']}"
    wanted = [canonical(Requirement(text).name) for text in project["dependencies"]]
    references = {pin.name: _reference(pin) for pin in pins}
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(_NAMESPACE, digest)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": reference,
                "name": project["name"],
                "version": project["version"],
                "purl": reference,
                "licenses": [{"expression": project["license"]}],
            }
        },
        "components": [_component(pin) for pin in pins],
        "dependencies": [
            {"ref": reference, "dependsOn": sorted(references[name] for name in wanted)},
            *(
                {
                    "ref": references[pin.name],
                    "dependsOn": sorted({references[name] for name in _needs(pin, references)}),
                }
                for pin in pins
            ),
        ],
    }


def _reference(pin: Pin) -> str:
    return f"pkg:pypi/{pin.name}@{pin.version}"


def _component(pin: Pin) -> dict[str, Any]:
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": _reference(pin),
        "name": pin.name,
        "version": pin.version,
        "purl": _reference(pin),
        # One for each file that may be installed: wheels of all platforms and the source.
        "properties": [{"name": "pytake:lock:sha256", "value": value} for value in pin.hashes],
    }
    licence = _licence(pin)
    return component | ({"licenses": [licence]} if licence else {})


def _licence(pin: Pin) -> dict[str, Any] | None:
    metadata = installed(pin).metadata if installed(pin) else None
    if metadata is None:
        return None
    if expression := metadata.get("License-Expression"):
        return {"expression": expression}
    classes = [
        line.rpartition(" :: ")[2] for line in metadata.get_all("Classifier") or () if line.startswith("License")
    ]
    name = classes[0] if classes else str(metadata.get("License") or "").partition("\n")[0]
    return {"license": {"name": name[:_LONGEST_LICENCE]}} if name else None


def _needs(pin: Pin, locked: dict[str, str]) -> Iterator[str]:
    """The locked packages that a package requires, those of its extras among them."""
    found = installed(pin)
    for text in (found.requires if found else None) or ():
        name = canonical(Requirement(text).name)
        if name in locked:
            yield name


def installed(pin: Pin) -> Distribution | None:
    """The package as it is installed here, if it is there in the locked version."""
    try:
        found = distribution(pin.name)
    except PackageNotFoundError:
        return None
    return found if found.version == pin.version else None


def main() -> int:
    """Write the bill of the image's lock."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "dist" / "pytake.cdx.json", help="the file to write")
    output: Path = parser.parse_args().output
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(bill(LOCK), indent=2) + "\n")
    print(output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
