"""As much of kustomize as deploy/k8s uses: resources, namespace, labels and images. Anything else is an error."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
BASE = ROOT / "deploy" / "k8s" / "base"
EXAMPLE = ROOT / "deploy" / "k8s" / "overlays" / "example"

KNOWN = {"apiVersion", "kind", "resources", "namespace", "labels", "images"}
NOT_IN_A_NAMESPACE = {"Namespace"}

Document = dict[str, Any]


def render(folder: Path) -> list[Document]:
    """Return the documents that `kubectl kustomize` would print."""
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
    assert set(kustomization) <= KNOWN, f"teach tests/house/kustomize.py {set(kustomization) - KNOWN}"
    documents = [document for name in kustomization["resources"] for document in _load(folder / name)]
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
