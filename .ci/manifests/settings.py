"""Holds what manifests tell the program to the program itself: settings.py PROGRAM FILE...

FILE is a systemd unit (.service), a rendered set of Kubernetes objects (.yaml) or a compose file as JSON. Every container of the
program gets the files that are mounted into it, secrets standing in, and its environment and nothing else; then
`config check` must find it sound, and its arguments must be known; `rekey` must have topics, and `webhooks` the secrets of all
its endpoints. What is said twice, as to KEDA, must be the same.
"""

import base64
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import tomllib
import urllib.parse

import yaml

# What the image itself sets.
IMAGE = {"CHURNWATCH_HTTP__ADMIN_LISTEN": "0.0.0.0:9090"}
# Variables that are no settings: of the program and of deploy/retrain.sh.
OTHERS = {"CHURNWATCH_LOG", "CHURNWATCH_CONFIG", "CHURNWATCH_REPORTS", "CHURNWATCH_AT", "CHURNWATCH_BIN"}
SECRET = "whsec_" + base64.b64encode(b"a secret of 24 to 64 bytes").decode()
# A secret that is an address.
ADDRESS = "https://hooks.example/a-secret"
# What an instance of the template unit is, and the commands that have a pod of their own.
COMPANIONS = ("rekey", "webhooks")


class Fault(Exception):
    pass


def stand_in(folder: pathlib.Path) -> tuple[str, str]:
    """A certificate and its key."""
    files = [folder / "stand-in.pem", folder / "stand-in.key"]
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=x"]
    subprocess.run([*command, "-out", files[0], "-keyout", files[1]], check=True, capture_output=True)
    return files[0].read_text(), files[1].read_text()


def secret(name: str, pair: tuple[str, str]) -> str:
    if name.endswith((".pem", ".crt")):
        return pair[0]
    return pair[1] if name.endswith(".key") else ADDRESS if name.endswith("-url") else SECRET


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
        config_in_force = tomllib.loads(told.stdout)
        if args[:1] == ["rekey"] and not config_in_force["rekey"]["topics"]:
            raise Fault("it names no topic for rekey")
        if args[:1] == ["webhooks"]:
            posts(program, config_in_force, of, here)
        return config_in_force


def posts(program: str, config: dict, of: list[str], env: dict[str, str]) -> None:
    """Each endpoint's request can be made: what lets it in is where the configuration says."""
    if not config["webhooks"]["endpoints"]:
        raise Fault("it names no endpoint")
    for endpoint in config["webhooks"]["endpoints"]:
        command = [program, "webhooks", "test", endpoint["name"], "--dry-run", *of]
        shown = subprocess.run(command, env=env, capture_output=True, text=True)
        if shown.returncode != 0:
            raise Fault(shown.stderr.strip())


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
    checked, running = 0, {}
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
            if of["kind"] == "StatefulSet" and container["name"] in ("serve", *COMPANIONS):
                agree(config, container)
                running[container["name"]] = config
    serving = running.get("serve")
    for of in objects:
        if of["kind"] == "ScaledObject":
            told = [(one["metadata"]["bootstrapServers"], one["metadata"]["consumerGroup"]) for one in of["spec"]["triggers"]]
            same("KEDA's brokers and group", set(told), {(serving["kafka"]["brokers"], serving["kafka"]["group_id"])})
            same("KEDA's topics", [one["metadata"]["topic"] for one in of["spec"]["triggers"]], serving["topics"]["events"])
        if of["kind"] == "NetworkPolicy":
            ports = {port["port"] for rule in of["spec"]["egress"] for port in rule.get("ports", [])}
            if of["spec"]["podSelector"]["matchLabels"].get("app.kubernetes.io/component") == "webhooks":
                lets_out_to(running["webhooks"], ports)
                continue
            wanted = {int(broker.rsplit(":", 1)[1]) for broker in serving["kafka"]["brokers"].split(",")}
            if not wanted <= ports:
                raise Fault(f"the NetworkPolicy lets nobody out to the brokers' {wanted - ports}")
            inward = {port["port"] for rule in of["spec"]["ingress"] for port in rule["ports"]}
            wanted = {int(serving["http"]["admin_listen"].rsplit(":", 1)[1])}
            if not wanted <= inward:
                raise Fault(f"the NetworkPolicy lets nobody in to {wanted - inward}")
    return checked


def lets_out_to(config: dict, ports: set[int]) -> None:
    """A NetworkPolicy for the webhooks: the ports of the endpoints whose addresses are no secret."""
    addresses = [urllib.parse.urlsplit(one.get("url", ADDRESS)) for one in config["webhooks"]["endpoints"]]
    wanted = {address.port or {"http": 80}.get(address.scheme, 443) for address in addresses}
    if not wanted <= ports:
        raise Fault(f"the NetworkPolicy lets nobody out to the endpoints' {wanted - ports}")


def agree(config: dict, container: dict) -> None:
    """What a StatefulSet says beside the configuration."""
    name = container["name"]
    same("the command", container["args"][0], name)
    same("the instance", config["service"].get("instance"), "churnwatch-0")
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    listen = config[name]["listen"] if name in COMPANIONS else config["http"]["admin_listen"]
    same("the port of probes", int(listen.rsplit(":", 1)[1]), ports["admin"])
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


def systemd(program: str, unit: str, of: str, pair: tuple[str, str]) -> int:
    """The command and environment of a unit, or of each instance of a template, and the secrets that its comment and its lines
    name, each of them in use. An instance has the service's configuration, and its own environment file says where its secrets
    are."""
    (command,) = re.findall(r"^ExecStart=/usr/local/bin/churnwatch (.*)$", unit, re.MULTILINE)
    env = dict(line.split("=", 1) for line in re.findall(r"^Environment=(.*)$", unit, re.MULTILINE))
    names = re.findall(r"^LoadCredential=([^:\n]+):churnwatch\.", unit, re.MULTILINE)
    added = re.findall(r"^#   LoadCredential=([^:\n]+):churnwatch\.", unit, re.MULTILINE)
    own = {
        "kafka.tls": {"ca_file": "kafka-ca.pem", "certificate_file": "kafka.pem", "key_file": "kafka.key"},
        "kafka.sasl": {"password_file": "kafka-password"},
        "http": {"token_file": "http-token"},
        "http.tls": {"certificate_file": "http.pem", "key_file": "http.key"},
        "erasure": {"secret_file": "erasure"},
    }
    same("the unit's secrets", sorted(names), sorted(file for table in own.values() for file in table.values()))
    service = "/run/credentials/churnwatch.service"
    tables = [f"[{table}]\n" + "".join(f'{key} = "{service}/{file}"\n' for key, file in keys.items()) for table, keys in own.items()]
    text = '[kafka]\nbrokers = "kafka:9093"\n' + "".join(tables).replace("[kafka.sasl]", '[kafka.sasl]\nusername = "churnwatch"')
    text += '[rekey]\ntopics = ["raw"]\n'
    text += "".join(
        f'[[webhooks.endpoints]]\nname = "{name}"\nurl = "https://{name}.example"\n'
        f'secret_files = ["/run/credentials/churnwatch@webhooks.service/{name}"]\n'
        for name in added
    )
    instances = COMPANIONS if "@" in of else [None]
    said, known = re.findall(r"^#   (\w+ ?= ?.*/run/credentials/.*)$", unit, re.MULTILINE), text
    for instance in instances:
        folder = f"/run/credentials/{of.replace('@', f'@{instance}')}"
        moved = {
            f"CHURNWATCH_{table.replace('.', '__')}__{key}".upper(): f"{folder}/{file}"
            for table, keys in own.items()
            for key, file in keys.items()
        } if instance else {}
        known += "".join(f"{name}={value}\n" for name, value in moved.items())
        files = {f"{folder}/{name}": secret(name, pair) for name in [*names, *(added if instance == "webhooks" else [])]}
        files["/etc/churnwatch/churnwatch.toml"] = text
        args = command.replace("%i", str(instance)).split()
        config = in_force(program, args, {name: value.replace("%H", "machine") for name, value in env.items()} | moved, files)
        same("the instance", config["service"].get("instance"), "machine")
    if not said or not all(line in known for line in said):
        raise Fault(f"the unit's comment names other files: {said}")
    return len(instances)


def hardening(unit: str) -> list[str]:
    """What a unit may not do, and what becomes of it when it ends."""
    lines = unit.split("LoadCredential=erasure", 1)[1].splitlines()
    return [line for line in lines if not line.startswith(("#", "MemoryMax="))]


def main(program: str, *names: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        pair = stand_in(pathlib.Path(folder))
    paths = [pathlib.Path(name) for name in names]
    units = [path.read_text() for path in paths if path.suffix == ".service"]
    for path in paths:
        text = path.read_text()
        try:
            if path.suffix == ".service":
                same("what the unit may not do", hardening(text), hardening(units[0]))
                checked = systemd(program, text, path.name, pair)
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
