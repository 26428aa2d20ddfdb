"""Make demo.png, the figure of the README: what `nems-dsl demo` draws, in 256 colours."""

import tempfile
from pathlib import Path

from PIL import Image

from nems_dsl.cli.app import run

with tempfile.TemporaryDirectory() as folder:
    run(["demo", "--quiet", "--out", folder])
    # the lines' soft edges make a full-colour file three times as large
    picture = Image.open(Path(folder) / "demo.png").convert("RGB").quantize(256)
    picture.save(Path(__file__).with_name("demo.png"), optimize=True)
