"""Content never reaches the service: it has no decoder, and no route that takes a file."""

import json
import subprocess
import sys
from pathlib import Path

DECODERS = {"PIL", "av", "cv2", "imagehash", "pillow_heif", "pywt", "skimage"}
# Numba looks at the version of scipy where it is installed (in the image it is not), no further.
OF_SCIPY = {"scipy.fft", "scipy.fftpack", "scipy.io", "scipy.ndimage", "scipy.signal"}


def test_the_running_app_has_loaded_no_decoder() -> None:
    code = """
import json, sys, tempfile, pathlib
from service.app import create_app
from service.settings import Settings
app = create_app(Settings(state=pathlib.Path(tempfile.mkdtemp())))
app.state.context.database.migrate()
app.state.context.replica.load()
print(json.dumps(sorted(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))
    assert "fastapi" in loaded
    assert not {name.split(".")[0] for name in loaded} & DECODERS
    assert not loaded & OF_SCIPY


def test_of_hashing_only_the_values_are_loaded() -> None:
    code = "import sys, service.app; print(*[n for n in sys.modules if n.startswith('hashing')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    of_evidence = {f"hashing.evidence{one}" for one in ("", ".canonical", ".chain", ".limits")}
    values = {"hashing", "hashing.errors", "hashing.signals"}
    assert set(done.stdout.split()) == values | of_evidence


def test_an_owners_device_opens_a_picture_with_no_more_than_it_needs() -> None:
    """Views, and OpenCV with them, are for platforms: an entry is made without."""
    code = """
import io, json, sys
import numpy as np
from PIL import Image
from hashing.hasher import hash_picture
picture = Image.fromarray(np.random.default_rng(1).integers(0, 256, (8, 8, 3), np.uint8))
file = io.BytesIO()
picture.resize((320, 256)).save(file, "PNG")
found = hash_picture(file.getvalue())
print(json.dumps([len(found.windows), len(found.views), sorted(sys.modules)]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    windows, views, loaded = json.loads(done.stdout)
    assert windows
    assert not views
    assert "hashing.windows" in loaded
    assert not {"av", "cv2", "hashing.client"} & set(loaded)
    assert not {"hashing.views.picture", "hashing.views.video"} & set(loaded)


def test_no_route_of_the_api_takes_anything_but_json_and_evidence_that_is_sealed(
    tmp_path: Path,
) -> None:
    code = """
import json, pathlib, sys
from service.app import create_app
from service.settings import Settings
print(json.dumps(create_app(Settings(state=pathlib.Path(sys.argv[1]))).openapi()))
"""
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    paths = json.loads(done.stdout)["paths"]
    taken = {
        (kind, path)
        for path, operations in paths.items()
        for operation in operations.values()
        for kind in operation.get("requestBody", {}).get("content", {})
    }
    evidence = "/v1/case/evidence"
    sealed = {path for kind, path in taken if kind != "application/json"}
    assert len(taken) >= 7
    assert sealed == {f"{evidence}/records/{{id}}", f"{evidence}/files/{{id}}/chunks/{{n}}"}
