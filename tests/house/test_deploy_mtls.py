"""The component mtls: what cert-manager is asked for, and what the services are told of it."""

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from services.embedded.keys import ROOMS
from tests.house.kustomize import BASE, MTLS, Document, container_of, of_kind, pod_of, render

# What cert-manager.io/v1 has in a Certificate's spec, as far as it is used here; kubernetes-validate knows no CRDs.
CERTIFICATE = {
    "secretName", "duration", "renewBefore", "dnsNames", "uris", "usages", "privateKey", "issuerRef", "isCA",
    "commonName",
}  # fmt: skip
FOLDER = Path("/run/pytake/tls")


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> list[Document]:
    """The base with the component, as an overlay would have it."""
    overlay = tmp_path_factory.mktemp("overlay")
    kustomization = {"namespace": "pytake", "resources": [str(BASE)], "components": [str(MTLS)]}
    (overlay / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    return render(overlay)


def certificates_of(documents: list[Document]) -> dict[str, dict[str, Any]]:
    return {name: document["spec"] for name, document in of_kind(documents, "Certificate").items()}


@pytest.mark.parametrize("version", ["1.30", "1.37"])
def test_patched_deployments_are_valid_in_every_field(documents: list[Document], version: str) -> None:
    for deployment in of_kind(documents, "Deployment").values():
        kubernetes_validate.validate(deployment, version, strict=True)


def test_the_component_holds_every_file_beside_it() -> None:
    component = yaml.safe_load((MTLS / "kustomization.yaml").read_text())
    named = {*component["resources"], *(patch["path"] for patch in component["patches"] if "path" in patch)}

    assert named | {"kustomization.yaml"} == {path.name for path in MTLS.iterdir()}


@pytest.mark.parametrize("who", [*ROOMS, "team"])
def test_a_certificate_names_one_caller_and_serves_on_both_ends(documents: list[Document], who: str) -> None:
    spec = certificates_of(documents)[f"pytake-tls-{who}"]

    assert (spec["dnsNames"], spec["uris"]) == ([who], [f"spiffe://pytake/{who}"])
    assert set(spec["usages"]) == {"digital signature", "server auth", "client auth"}
    assert spec["secretName"] == f"pytake-tls-{who}"
    assert spec["privateKey"]["rotationPolicy"] == "Always"
    assert "isCA" not in spec


def test_the_operators_certificate_names_the_operator_and_serves_nobody(documents: list[Document]) -> None:
    spec = certificates_of(documents)["pytake-tls-operator"]

    assert (spec["dnsNames"], spec["uris"]) == (["operator"], ["spiffe://pytake/operator"])
    assert set(spec["usages"]) == {"digital signature", "client auth"}
    assert spec["secretName"] == "pytake-tls-operator"
    assert "isCA" not in spec


def test_certificates_are_asked_for_in_fields_that_exist_and_from_issuers_that_are_there(
    documents: list[Document],
) -> None:
    issuers = of_kind(documents, "Issuer")
    for name, spec in certificates_of(documents).items():
        assert set(spec) <= CERTIFICATE, name
        assert spec["issuerRef"]["kind"] == "Issuer"
        assert spec["issuerRef"]["name"] in issuers
        assert hours(spec["renewBefore"]) < hours(spec["duration"])
    members = (*ROOMS, "team", "operator")
    assert set(certificates_of(documents)) == {"pytake-authority", *(f"pytake-tls-{who}" for who in members)}
    assert issuers["pytake"]["spec"] == {"ca": {"secretName": "pytake-authority"}}
    assert {it["metadata"]["namespace"] for it in [*issuers.values(), *of_kind(documents, "Certificate").values()]} == {
        "pytake"
    }


@pytest.mark.parametrize("room", ROOMS)
def test_a_pod_has_its_own_certificate_and_is_told_where_it_lies(documents: list[Document], room: str) -> None:
    deployment = of_kind(documents, "Deployment")[room]
    container = container_of(deployment)
    values = {entry["name"]: entry.get("value") for entry in container["env"]}
    (mount,) = (it for it in container["volumeMounts"] if it["name"] == "tls")
    (volume,) = (it for it in pod_of(deployment)["volumes"] if it["name"] == "tls")

    assert [values[f"TLS_{name}_FILE"] for name in ("CERT", "KEY", "CA")] == [
        str(FOLDER / name) for name in ("tls.crt", "tls.key", "ca.crt")
    ]
    assert mount == {"name": "tls", "mountPath": str(FOLDER), "readOnly": True}
    assert volume["secret"]["secretName"] == f"pytake-tls-{room}"


@pytest.mark.parametrize("room", ROOMS)
def test_probes_need_no_certificate(documents: list[Document], room: str) -> None:
    container = container_of(of_kind(documents, "Deployment")[room])

    assert all("grpc" not in container[probe] for probe in ("startupProbe", "readinessProbe", "livenessProbe"))
    assert container["readinessProbe"]["httpGet"] == {"path": "/healthz", "port": "ops"}


def hours(duration: str) -> int:
    assert duration.endswith("h")
    return int(duration.removesuffix("h"))
