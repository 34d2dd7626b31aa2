"""Holds manifests, unit and code to each other where a schema cannot: python check_manifests.py FOLDER

FOLDER has the kustomized embedd.yaml, tls.yaml and embed-corpus.yaml.
"""

import re
import sys
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent


def load(path):
    return {d["kind"]: d for d in yaml.safe_load_all(path.read_text()) if d}


def seconds(text):
    """90 of "1m30s", as Go and systemd write it; a bare number is seconds."""
    if re.fullmatch(r"\d+", text):
        return int(text)
    units = {"h": 3600, "m": 60, "s": 1}
    return sum(int(n) * units[u] for n, u in re.findall(r"(\d+)([hms])", text))


def settings():
    """embedd's variables, from the keys of its configuration."""
    source = (ROOT / "internal" / "serve" / "daemon" / "config.go").read_text()
    return {"EMBEDD_" + key.upper() for key in re.findall(r'toml:"(\w+)"', source)}


def check_daemon(name, docs):
    pod = docs["Deployment"]["spec"]["template"]
    container = pod["spec"]["containers"][0]
    env = {e["name"]: e.get("value") for e in container["env"]}
    unknown = {k for k in env if k.startswith("EMBEDD_")} - settings()
    expect(not unknown, f"{name}: embedd has no settings {unknown}")

    needed = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    needed += seconds(env["EMBEDD_DRAIN_DELAY"]) + seconds(env["EMBEDD_DRAIN_TIMEOUT"])
    grace = pod["spec"]["terminationGracePeriodSeconds"]
    expect(grace > needed, f"{name}: {grace} s of grace for an end that may take {needed} s")

    labels = pod["metadata"]["labels"].items()
    for kind, selector in (
        ("Deployment", docs["Deployment"]["spec"]["selector"]["matchLabels"]),
        ("PodDisruptionBudget", docs["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"]),
        ("NetworkPolicy", docs["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"]),
        ("Service", docs["Service"]["spec"]["selector"]),
    ):
        expect(selector and selector.items() <= labels, f"{name}: {kind} selects other pods")
    expect(docs["Service"]["spec"]["clusterIP"] == "None", f"{name}: the Service is not headless")

    ports = {p["name"]: p["containerPort"] for p in container["ports"]}
    for variable, port in (("EMBEDD_LISTEN", "grpc"), ("EMBEDD_ADMIN_LISTEN", "admin")):
        expect(env[variable].endswith(f":{ports[port]}"), f"{name}: {variable} and port {port} differ")

    release = docs["ConfigMap"]["metadata"]["name"]
    expect(container["envFrom"][0]["configMapRef"]["name"] == release, f"{name}: RELEASE does not roll the pods")
    expect(docs["ServiceAccount"]["automountServiceAccountToken"] is False, f"{name}: the account has a token")

    metric = docs["HorizontalPodAutoscaler"]["spec"]["metrics"][0]["pods"]["metric"]["name"]
    told = (ROOT / "internal" / "serve" / "telemetry" / "collect.go").read_text()
    expect(f'"{metric.removeprefix("embedd_")}"' in told, f"{name}: embedd has no metric {metric}")
    rule = (HERE / "kubernetes" / "prometheus" / "adapter-values.yaml").read_text()
    expect(yaml.safe_load(rule)["rules"]["custom"][0]["seriesQuery"].startswith(metric), "the adapter's rule is of another metric")

    probes = [container[p] for p in ("startupProbe", "readinessProbe", "livenessProbe")]
    if "EMBEDD_TLS_CERT" in env:
        expect(all(p.get("httpGet", {}).get("scheme") == "HTTPS" and "grpc" not in p for p in probes), f"{name}: probes speak plaintext")
        expect("EMBEDD_INSECURE_NO_TLS" not in env, f"{name}: TLS is waived")
    else:
        expect([("grpc" in p) for p in probes] == [True, True, False], f"{name}: probes of start and readiness are gRPC's")


def check_job(docs, daemon):
    spec = docs["Job"]["spec"]
    container = spec["template"]["spec"]["containers"][0]
    shard = next(a for a in container["args"] if a.startswith("--shard="))
    expect(shard == f"--shard=$(JOB_COMPLETION_INDEX)/{spec['completions']}", f"embed-corpus: {shard} of {spec['completions']} completions")
    endpoint = next(a for a in container["args"] if a.startswith("--endpoint="))
    service = daemon["Service"]["metadata"]
    expect(f"///{service['name']}.{service['namespace']}:" in endpoint, f"embed-corpus: {endpoint} is not the Service")
    labels = spec["template"]["metadata"]["labels"].items()
    sources = daemon["NetworkPolicy"]["spec"]["ingress"][0]["from"]
    allowed = [s["podSelector"]["matchLabels"] for s in sources if "namespaceSelector" not in s]
    expect(any(a.items() <= labels for a in allowed), "embed-corpus: the NetworkPolicy keeps it out")


def check_unit():
    unit = (HERE / "systemd" / "embedd.service").read_text()
    config = (HERE / "systemd" / "embedd.toml").read_text()
    stop = seconds(re.search(r"^TimeoutStopSec=(.+)$", unit, re.M).group(1))
    drain = seconds(re.search(r'^drain_timeout = "(.+)"$', config, re.M).group(1))
    expect(stop > drain, f"embedd.service: {stop} s to stop in, {drain} s to drain in")
    keys = set(re.findall(r"^(\w+) =", config, re.M))
    unknown = {f"EMBEDD_{k.upper()}" for k in keys} - settings()
    expect(not unknown, f"embedd.toml: embedd has no settings {unknown}")


def expect(holds, message):
    if not holds:
        sys.exit(f"check_manifests: {message}")


def main(folder):
    daemon = load(folder / "embedd.yaml")
    check_daemon("embedd", daemon)
    check_daemon("tls", load(folder / "tls.yaml"))
    check_job(load(folder / "embed-corpus.yaml"), daemon)
    check_unit()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
