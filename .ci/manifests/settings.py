"""Holds what manifests tell the program to the program itself: settings.py PROGRAM UNIT FILE...

UNIT is the systemd unit, FILE a rendered set of Kubernetes objects (.yaml) or a compose file as JSON. Every container of the
program gets the files that are mounted into it, secrets standing in, and its environment and nothing else; then
`config check` must find it sound, and its arguments must be known. What is said twice, as to KEDA, must be the same.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import tomllib

import yaml

# What the image itself sets.
IMAGE = {"CHURNWATCH_HTTP__ADMIN_LISTEN": "0.0.0.0:9090"}
# Variables that are no settings: of the program and of deploy/retrain.sh.
OTHERS = {"CHURNWATCH_LOG", "CHURNWATCH_CONFIG", "CHURNWATCH_REPORTS", "CHURNWATCH_AT", "CHURNWATCH_BIN"}
SECRET = "a-secret-of-more-than-16-signs"


class Fault(Exception):
    pass


def stand_in(folder: pathlib.Path) -> tuple[str, str]:
    """A certificate and its key."""
    files = [folder / "stand-in.pem", folder / "stand-in.key"]
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=x"]
    subprocess.run([*command, "-out", files[0], "-keyout", files[1]], check=True, capture_output=True)
    return files[0].read_text(), files[1].read_text()


def secret(name: str, pair: tuple[str, str]) -> str:
    return pair[0] if name.endswith((".pem", ".crt")) else pair[1] if name.endswith(".key") else SECRET


def in_force(program: str, args: list[str], env: dict[str, str], files: dict[str, str]) -> dict:
    """The configuration of one container, as the program reads it."""
    unknown = [name for name in env if name.startswith("CHURNWATCH_") and "__" not in name and name not in OTHERS]
    if unknown:
        raise Fault(f"no such variable: {', '.join(unknown)}")
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            place = pathlib.Path(root + path)
            place.parent.mkdir(parents=True, exist_ok=True)
            # The folders that are mounted are below the root of another machine.
            place.write_text(re.sub(r'"(/(?:etc|run)/[^"]*)"', rf'"{root}\1"', text))
        here = {name: re.sub(r"^(/(?:etc/churnwatch|run)/)", rf"{root}\1", value) for name, value in env.items()}
        config = here.get("CHURNWATCH_CONFIG")
        if args:
            shown = subprocess.run([program, *args, "--help"], env=here, capture_output=True, text=True)
            if shown.returncode != 0:
                raise Fault(f"{' '.join(args)}: {shown.stderr.strip()}")
            if "--config" in args:
                config = root + args[args.index("--config") + 1]
        of = ["--config", config] if config else []
        for verb in ("check", "print"):
            told = subprocess.run([program, "config", verb, *of], env=here, capture_output=True, text=True)
            if told.returncode != 0:
                raise Fault(told.stderr.strip().replace(root, ""))
        return tomllib.loads(told.stdout)


def pods(objects: list[dict]):
    """Kind, name and pod of whatever has one."""
    for of in objects:
        spec = of.get("spec", {})
        if of["kind"] == "Pod":
            yield of, spec
        elif of["kind"] == "CronJob":
            yield of, spec["jobTemplate"]["spec"]["template"]["spec"]
        elif "template" in spec:
            yield of, spec["template"]["spec"]


def mounted(pod: dict, container: dict, objects: list[dict], pair: tuple[str, str]) -> dict[str, str]:
    """The files that a container sees, by path."""
    maps = {of["metadata"]["name"]: of["data"] for of in objects if of["kind"] == "ConfigMap"}
    volumes = {volume["name"]: volume for volume in pod.get("volumes", [])}
    files, open_folders = {}, []
    for mount in container.get("volumeMounts", []):
        volume = volumes[mount["name"]]
        path = mount["mountPath"]
        if "configMap" in volume:
            name = volume["configMap"]["name"]
            if name not in maps:
                raise Fault(f"there is no ConfigMap {name}")
            files |= {f"{path}/{key}": text for key, text in maps[name].items()}
        for source in volume.get("projected", {}).get("sources", []):
            for item in source["secret"]["items"]:
                files[f"{path}/{item['path']}"] = secret(item["path"], pair)
        if "secret" in volume:
            open_folders.append(path)
    # What is in a Secret that is mounted whole is not said: what is asked for is there.
    for text in list(files.values()):
        for path in re.findall(r'"(/[^"]+)"', text):
            if path.rsplit("/", 1)[0] in open_folders:
                files[path] = secret(path, pair)
    return files


def environment(container: dict) -> dict[str, str]:
    # The only field that is asked for is the pod's name.
    found: dict[str, str] = {}
    for one in container.get("env", []):
        # Names in $( ) stand for what was named before.
        known = lambda name: found.get(name[1], name[0])
        found[one["name"]] = re.sub(r"\$\(([A-Z_]+)\)", known, one.get("value", "churnwatch-0"))
    return found


def kubernetes(program: str, objects: list[dict], pair: tuple[str, str]) -> int:
    checked, serving = 0, {}
    for of, pod in pods(objects):
        if pod.get("enableServiceLinks") is not False:
            raise Fault(f"{of['kind']} {of['metadata']['name']}: enableServiceLinks must be false")
        for container in [*pod.get("initContainers", []), *pod["containers"]]:
            if "churnwatch" not in container["image"]:
                continue
            env = IMAGE | environment(container)
            try:
                config = in_force(program, container.get("args", []), env, mounted(pod, container, objects, pair))
            except Fault as fault:
                raise Fault(f"{of['kind']} {of['metadata']['name']}, {container['name']}: {fault}") from None
            checked += 1
            if of["kind"] == "StatefulSet" and container["name"] == "serve":
                serving = config
                agree(config, container)
    for of in objects:
        if of["kind"] == "ScaledObject":
            told = [(one["metadata"]["bootstrapServers"], one["metadata"]["consumerGroup"]) for one in of["spec"]["triggers"]]
            same("KEDA's brokers and group", set(told), {(serving["kafka"]["brokers"], serving["kafka"]["group_id"])})
            same("KEDA's topics", [one["metadata"]["topic"] for one in of["spec"]["triggers"]], serving["topics"]["events"])
        if of["kind"] == "NetworkPolicy":
            ports = {port["port"] for rule in of["spec"]["egress"] for port in rule.get("ports", [])}
            wanted = {int(broker.rsplit(":", 1)[1]) for broker in serving["kafka"]["brokers"].split(",")}
            if not wanted <= ports:
                raise Fault(f"the NetworkPolicy lets nobody out to the brokers' {wanted - ports}")
            inward = {port["port"] for rule in of["spec"]["ingress"] for port in rule["ports"]}
            wanted = {int(serving["http"]["admin_listen"].rsplit(":", 1)[1])}
            if not wanted <= inward:
                raise Fault(f"the NetworkPolicy lets nobody in to {wanted - inward}")
    return checked


def agree(config: dict, container: dict) -> None:
    """What a StatefulSet says beside the configuration."""
    same("the instance", config["service"].get("instance"), "churnwatch-0")
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    same("the port of probes", int(config["http"]["admin_listen"].rsplit(":", 1)[1]), ports["admin"])
    if "api" in ports:
        same("the port of the API", int(config["http"]["listen"].rsplit(":", 1)[1]), ports["api"])


def same(what: str, one, other) -> None:
    if one != other:
        raise Fault(f"{what}: {one} is not {other}")


def compose(program: str, project: dict) -> int:
    checked = 0
    for name, service in project["services"].items():
        for volume in service.get("volumes", []):
            if volume["type"] == "bind" and not os.path.exists(volume["source"]):
                raise Fault(f"{name}: there is no {volume['source']}")
        if not service["image"].startswith("churnwatch"):
            continue
        texts = {one["target"]: project["configs"][one["source"]]["file"] for one in service.get("configs", [])}
        files = {target: pathlib.Path(source).read_text() for target, source in texts.items()}
        try:
            in_force(program, service["command"], IMAGE | service.get("environment", {}), files)
        except Fault as fault:
            raise Fault(f"{name}: {fault}") from None
        checked += 1
    return checked


def systemd(program: str, unit: str, pair: tuple[str, str]) -> int:
    """The unit's command and environment, and the secrets that its comment and its lines name, each of them in use."""
    (command,) = re.findall(r"^ExecStart=/usr/local/bin/churnwatch (.*)$", unit, re.MULTILINE)
    env = dict(line.split("=", 1) for line in re.findall(r"^Environment=(.*)$", unit, re.MULTILINE))
    names = re.findall(r"^LoadCredential=([^:\n]+):churnwatch\.", unit, re.MULTILINE)
    folder = "/run/credentials/churnwatch.service"
    files = {f"{folder}/{name}": secret(name, pair) for name in names}
    own = {
        "kafka.tls": {"ca_file": "kafka-ca.pem", "certificate_file": "kafka.pem", "key_file": "kafka.key"},
        "kafka.sasl": {"password_file": "kafka-password"},
        "http": {"token_file": "http-token"},
        "http.tls": {"certificate_file": "http.pem", "key_file": "http.key"},
        "erasure": {"secret_file": "erasure"},
    }
    same("the unit's secrets", sorted(names), sorted(file for table in own.values() for file in table.values()))
    tables = [f"[{table}]\n" + "".join(f'{key} = "{folder}/{file}"\n' for key, file in keys.items()) for table, keys in own.items()]
    text = '[kafka]\nbrokers = "kafka:9093"\n' + "".join(tables).replace("[kafka.sasl]", '[kafka.sasl]\nusername = "churnwatch"')
    comment = re.findall(r"^#   (password_file = .*)$", unit, re.MULTILINE)
    if not all(line in text for line in comment) or not comment:
        raise Fault(f"the unit's comment names other files: {comment}")
    files["/etc/churnwatch/churnwatch.toml"] = text
    env = {name: value.replace("%H", "machine") for name, value in env.items()}
    config = in_force(program, command.split(), env, files)
    same("the instance", config["service"].get("instance"), "machine")
    return 1


def main(program: str, unit: str, *names: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        pair = stand_in(pathlib.Path(folder))
    paths = [pathlib.Path(unit), *map(pathlib.Path, names)]
    for path in paths:
        text = path.read_text()
        try:
            if path.suffix == ".service":
                checked = systemd(program, text, pair)
            elif path.suffix == ".json":
                checked = compose(program, json.loads(text))
            else:
                checked = kubernetes(program, [one for one in yaml.safe_load_all(text) if one], pair)
            if checked == 0:
                raise Fault("nothing in it runs churnwatch")
        except Fault as fault:
            sys.exit(f"settings: {path.name}: {fault}")
        print(f"{path.name}: {checked} sound")


main(*sys.argv[1:])
