"""deploy/k8s is what a cluster takes, and says what the services need."""

from typing import Any

import kubernetes_validate
import pytest
import yaml

from services.cli.serve import MODULES
from services.embedded.keys import ROOMS
from tests.house.kustomize import BASE, EXAMPLE, ROOT, Document, container_of, of_kind, pod_of, render

DOCUMENTS = render(EXAMPLE)
DEPLOYMENTS = of_kind(DOCUMENTS, "Deployment")
WORKLOADS = DEPLOYMENTS | of_kind(DOCUMENTS, "Job")


def _name(document: Document) -> str:
    return f"{document['kind']}-{document['metadata']['name']}"


@pytest.mark.parametrize("version", ["1.30", "1.37"])
@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_a_document_is_valid_in_every_field(document: Document, version: str) -> None:
    kubernetes_validate.validate(document, version, strict=True)


def test_the_base_holds_every_file_beside_it() -> None:
    listed = set(yaml.safe_load((BASE / "kustomization.yaml").read_text())["resources"])

    assert listed | {"kustomization.yaml"} == {path.name for path in BASE.iterdir()}


def test_no_two_documents_have_one_name() -> None:
    names = [_name(document) for document in DOCUMENTS]

    assert len(names) == len(set(names))


@pytest.mark.parametrize("kind", ["Deployment", "Service", "ServiceAccount", "PodDisruptionBudget", "NetworkPolicy"])
def test_every_room_has_its_own(kind: str) -> None:
    assert set(ROOMS) <= set(of_kind(DOCUMENTS, kind))


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_is_found_by_name_and_balanced_by_its_clients(room: str) -> None:
    service = of_kind(DOCUMENTS, "Service")[room]["spec"]

    assert service["clusterIP"] == "None"
    assert service["selector"] == DEPLOYMENTS[room]["spec"]["template"]["metadata"]["labels"]
    assert {port["name"]: port["port"] for port in service["ports"]}["grpc"] == 7000


@pytest.mark.parametrize("room", ROOMS)
def test_everything_about_a_room_selects_its_pods(room: str) -> None:
    labels = DEPLOYMENTS[room]["spec"]["template"]["metadata"]["labels"]
    spreads = pod_of(DEPLOYMENTS[room])["topologySpreadConstraints"]
    selectors = [
        DEPLOYMENTS[room]["spec"]["selector"]["matchLabels"],
        of_kind(DOCUMENTS, "PodDisruptionBudget")[room]["spec"]["selector"]["matchLabels"],
        of_kind(DOCUMENTS, "NetworkPolicy")[room]["spec"]["podSelector"]["matchLabels"],
        *(spread["labelSelector"]["matchLabels"] for spread in spreads),
    ]

    assert all(selector == labels for selector in selectors)
    assert labels["app.kubernetes.io/component"] == room


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_pod_has_no_more_rights_than_it_needs(name: str) -> None:
    pod, container = pod_of(WORKLOADS[name]), container_of(WORKLOADS[name])

    # By number: a kubelet cannot tell from a name that it is not root.
    user, group = pod["securityContext"]["runAsUser"], pod["securityContext"]["runAsGroup"]
    assert f"\nUSER {user}:{group}\n" in (ROOT / "Dockerfile").read_text()
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert [key for key in ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace") if pod.get(key)] == []
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


# What a pod may write to, and how much; nothing of it outlives the pod.
SCRATCH = {"sender": [("/tmp", "scratch", {"sizeLimit": "2Gi"})]}  # files on their way


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_pod_writes_to_no_file_system_but_its_scratch_and_starts_no_shell(name: str) -> None:
    pod, container = pod_of(WORKLOADS[name]), container_of(WORKLOADS[name])
    commands = [
        container.get("command", []),
        *(hook["exec"]["command"] for hook in container.get("lifecycle", {}).values()),
    ]

    volumes = {volume["name"]: volume for volume in pod.get("volumes", ())}
    writable = [mount for mount in container.get("volumeMounts", ()) if not mount.get("readOnly")]
    assert [
        (mount["mountPath"], mount["name"], volumes[mount["name"]].get("emptyDir")) for mount in writable
    ] == SCRATCH.get(name, [])
    for mount in writable:
        del volumes[mount["name"]]
    assert {next(key for key in volume if key != "name") for volume in volumes.values()} <= {"secret", "configMap"}
    assert [command for command in commands if command and command[0].rpartition("/")[2] in ("sh", "bash")] == []


@pytest.mark.parametrize("name", WORKLOADS)
def test_the_argument_of_a_container_is_one_the_image_knows(name: str) -> None:
    container = container_of(WORKLOADS[name])

    assert container["args"] == [name]
    assert name in MODULES
    assert container["image"] == "images.example.com/pytake:0.1.0"


@pytest.mark.parametrize("room", ROOMS)
def test_probes_ask_ports_that_the_settings_bind(room: str) -> None:
    container = container_of(DEPLOYMENTS[room])
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    values = {entry["name"]: entry.get("value") for entry in container["env"]}

    assert values["GRPC_ADDRESS"] == f"0.0.0.0:{ports['grpc']}"
    assert values["OPS_ADDRESS"] == f"0.0.0.0:{ports['ops']}"
    assert container["readinessProbe"]["grpc"]["port"] == ports["grpc"]
    assert container["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "ops"}
    assert container["startupProbe"]["httpGet"] == {"path": "/readyz", "port": "ops"}


@pytest.mark.parametrize("room", ROOMS)
def test_a_pod_has_time_to_drain(room: str) -> None:
    pod, container = pod_of(DEPLOYMENTS[room]), container_of(DEPLOYMENTS[room])
    _, before_stop = container["lifecycle"]["preStop"]["exec"]["command"]
    drain = of_kind(DOCUMENTS, "ConfigMap")["pytake"]["data"]["DRAIN_SECONDS"]

    assert pod["terminationGracePeriodSeconds"] >= int(before_stop) + float(drain) + 20


def test_two_replicas_of_every_room_run_at_least() -> None:
    scaled = of_kind(DOCUMENTS, "HorizontalPodAutoscaler")

    least = {room: it["spec"]["minReplicas"] for room, it in scaled.items()}
    least |= {room: it["spec"]["replicas"] for room, it in DEPLOYMENTS.items() if room not in scaled}
    assert least == dict.fromkeys(ROOMS, 2)
    assert set(scaled) == {"ingress", "router"}
    assert all("replicas" not in DEPLOYMENTS[room]["spec"] for room in scaled)


def test_secrets_are_referenced_and_never_contained() -> None:
    assert of_kind(DOCUMENTS, "Secret") == {}
    for name, workload in WORKLOADS.items():
        for entry in container_of(workload)["env"]:
            is_secret = any(
                word in entry["name"]
                for word in ("PASSWORD", "SECRET", "KEYS", "TOMBSTONE", "TOKEN", "_URL", "ACCESS_KEY")
            )
            assert is_secret == ("valueFrom" in entry), f"{name}: {entry['name']}"


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_workload_reads_its_own_secret_alone(name: str) -> None:
    references: list[Any] = [
        entry["valueFrom"]["secretKeyRef"]["name"]
        for entry in container_of(WORKLOADS[name])["env"]
        if "valueFrom" in entry
    ]
    volumes = [it["secret"]["secretName"] for it in pod_of(WORKLOADS[name]).get("volumes", ()) if "secret" in it]

    assert {*references, *volumes} == {f"pytake-{name}"}
