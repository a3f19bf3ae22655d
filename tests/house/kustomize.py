"""As much of kustomize as deploy/k8s uses: resources, components with JSON patches, namespace, labels and images.

Anything else is an error.
"""

import copy
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
BASE = ROOT / "deploy" / "k8s" / "base"
EXAMPLE = ROOT / "deploy" / "k8s" / "overlays" / "example"
MTLS = ROOT / "deploy" / "k8s" / "components" / "mtls"

KNOWN = {"apiVersion", "kind", "resources", "components", "namespace", "labels", "images"}
KNOWN_OF_COMPONENTS = {"apiVersion", "kind", "resources", "patches"}
NOT_IN_A_NAMESPACE = {"Namespace"}

Document = dict[str, Any]


def render(folder: Path) -> list[Document]:
    """Return the documents that `kubectl kustomize` would print."""
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
    assert set(kustomization) <= KNOWN, f"teach tests/house/kustomize.py {set(kustomization) - KNOWN}"
    documents = [document for name in kustomization["resources"] for document in _load(folder / name)]
    for name in kustomization.get("components", ()):
        _add_component(folder / name, documents)
    for document in documents:
        _change(document, kustomization)
    return documents


def of_kind(documents: list[Document], kind: str) -> dict[str, Document]:
    """Return the documents of a kind by name."""
    return {document["metadata"]["name"]: document for document in documents if document["kind"] == kind}


def pod_of(document: Document) -> Document:
    """Return the pod's specification of a Deployment or Job."""
    pod: Document = document["spec"]["template"]["spec"]
    return pod


def container_of(document: Document) -> Document:
    """Return the only container of a Deployment or Job."""
    (container,) = pod_of(document)["containers"]
    assert isinstance(container, dict)
    return container


def _load(path: Path) -> Iterator[Document]:
    if path.is_dir():
        yield from render(path)
    else:
        yield from yaml.safe_load_all(path.read_text())


def _add_component(folder: Path, documents: list[Document]) -> None:
    """Add its resources, and patch what is there by then."""
    component = yaml.safe_load((folder / "kustomization.yaml").read_text())
    assert component["kind"] == "Component"
    assert set(component) <= KNOWN_OF_COMPONENTS, f"teach tests/house/kustomize.py {set(component)}"
    documents += [document for name in component["resources"] for document in _load(folder / name)]
    for patch in component["patches"]:
        operations = yaml.safe_load((folder / patch["path"]).read_text() if "path" in patch else patch["patch"])
        target = patch["target"]
        chosen = [
            document
            for document in documents
            if document["kind"] == target["kind"] and target.get("name") in (None, document["metadata"]["name"])
        ]
        assert chosen, f"{folder.name} patches nothing: {target}"
        for document, operation in product(chosen, operations):
            _patch(document, operation)


def _patch(document: Document, operation: Document) -> None:
    """One operation of RFC 6902: add to the end of a list, or replace what is there."""
    *steps, last = operation["path"].strip("/").split("/")
    place: Any = document
    for step in steps:
        place = place[int(step) if isinstance(place, list) else step]
    match operation["op"]:
        case "add":
            assert last == "-", "only adding to the end of a list is known here"
            place.append(copy.deepcopy(operation["value"]))
        case "replace":
            assert last in place
            place[last] = copy.deepcopy(operation["value"])
        case other:
            raise AssertionError(f"teach tests/house/kustomize.py {other}")


def _change(document: Document, kustomization: Document) -> None:
    metadata = document["metadata"]
    for label in kustomization.get("labels", ()):
        metadata.setdefault("labels", {}).update(label["pairs"])
    if "namespace" in kustomization and document["kind"] not in NOT_IN_A_NAMESPACE:
        metadata["namespace"] = kustomization["namespace"]
    if document["kind"] in ("Deployment", "Job"):
        container = container_of(document)
        for image in kustomization.get("images", ()):
            if container["image"] == image["name"]:
                container["image"] = f"{image['newName']}:{image['newTag']}"
