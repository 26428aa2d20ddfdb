"""What is shipped: the list of packages, the files in wheel and sdist, and each way to install."""

import hashlib
import importlib.util
import json
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SHIPPED = ("pyproject.toml", "README.md", "LICENSE", "NOTICE", "grammar", "nems_dsl")
GRAMMARS = sorted(path.name for path in (ROOT / "grammar").glob("*.lark"))
DATA = ["nems_dsl/py.typed", "nems_dsl/datasets/speech_small.npz", "nems_dsl/datasets/README.md"]
TEXT = "wc.18x4-fir.4x15-dexp.1"

needs_build_tools = pytest.mark.skipif(
    not all(importlib.util.find_spec(tool) for tool in ("setuptools", "pip")),
    reason="needs setuptools and pip in the running environment",
)


def run(*command, cwd):
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_the_list_of_packages_is_that_of_the_folders():
    folders = {path.parent for path in (ROOT / "nems_dsl").rglob("*.py")}
    names = {".".join(folder.relative_to(ROOT).parts) for folder in folders}
    assert sorted(PROJECT["tool"]["setuptools"]["packages"]) == sorted(names | {"nems_dsl.grammar"})


def test_every_package_has_an_init():
    mapping = PROJECT["tool"]["setuptools"]["package-dir"]
    for package in PROJECT["tool"]["setuptools"]["packages"]:
        folder = ROOT / mapping.get(package, package.replace(".", "/"))
        assert (folder / "__init__.py").is_file(), f"{package} has no __init__.py"


def test_extra_dev_is_all_but_benchmarks():
    extras = set(PROJECT["project"]["optional-dependencies"])
    assert PROJECT["project"]["optional-dependencies"]["dev"] == ["nems_dsl[test,docs,lint]"]
    brought = {"cluster", "parquet", "latex", "postgresql", "hdf5", "nwb", "sklearn", "tools"}
    assert extras == {"test", "docs", "lint", "bench", "dev"} | brought


def test_every_core_dependency_has_its_reason_in_the_docs():
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    for requirement in PROJECT["project"]["dependencies"]:
        assert f"`{requirement}`" in page


def copy_of_the_tree(folder):
    for name in SHIPPED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(
                source, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.nb[ci]")
            )
        elif source.exists():
            shutil.copy(source, folder / name)
    return folder


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A wheel and an sdist, built in a copy so that the tree stays clean."""
    tree = copy_of_the_tree(tmp_path_factory.mktemp("tree"))
    out = tmp_path_factory.mktemp("dist")
    code = (
        # setuptools overwrites sys.argv, so the folder is read first.
        "import sys; from setuptools import build_meta as b; folder = sys.argv[1]; "
        "b.build_wheel(folder); b.build_sdist(folder)"
    )
    run(sys.executable, "-c", code, out, cwd=tree)
    (wheel,), (sdist,) = out.glob("*.whl"), out.glob("*.tar.gz")
    return {"wheel": wheel, "sdist": sdist}


@pytest.fixture(scope="module")
def dependencies(tmp_path_factory):
    """A folder with all installed packages but ours, for environments that need no download."""
    folder = tmp_path_factory.mktemp("dependencies")
    for key in ("purelib", "platlib"):
        for path in Path(sysconfig.get_path(key)).iterdir():
            link = folder / path.name
            if "nems_dsl" not in path.name and path.suffix != ".pth" and not link.exists():
                link.symlink_to(path)
    return folder


@pytest.fixture
def fresh_python(tmp_path, dependencies):
    """The interpreter of a fresh environment, in which nems_dsl is not installed."""
    home = tmp_path / "venv"
    venv.create(home, with_pip=False, symlinks=True)
    python = home / "bin" / "python"
    site = run(
        python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=tmp_path
    ).strip()
    (Path(site) / "dependencies.pth").write_text(f"{dependencies}\n", encoding="utf-8")
    return python


def install(python, *what, cwd):
    quiet = ("--quiet", "--disable-pip-version-check", "--no-index", "--no-deps")
    run(python, "-m", "pip", "install", *quiet, "--no-build-isolation", *what, cwd=cwd)


def what_is_found(python, cwd):
    """Import the package in a process of its own, and report on what it finds."""
    code = f"""
import hashlib, json
from importlib.resources import files
import nems_dsl.grammar
from nems_dsl import canonical
from nems_dsl.datasets import load_speech
found = {{
    path.name: hashlib.sha256(path.read_bytes()).hexdigest()
    for path in files("nems_dsl.grammar").iterdir() if path.name.endswith(".lark")
}}
print(json.dumps({{
    "grammars": found,
    "canonical": canonical({TEXT!r}),
    "excerpts": len(load_speech().stim),
    "typed": files("nems_dsl").joinpath("py.typed").is_file(),
    "file": nems_dsl.__file__,
    "version": nems_dsl.__version__,
}}))
"""
    return json.loads(run(python, "-I", "-c", code, cwd=cwd))


def check_found(found, folder, version):
    assert found["grammars"] == {
        name: hashlib.sha256((ROOT / "grammar" / name).read_bytes()).hexdigest()
        for name in GRAMMARS
    }
    assert found["canonical"] == TEXT
    assert found["excerpts"] == 6 and found["typed"]
    assert Path(found["file"]).is_relative_to(folder)
    assert found["version"] == version


@needs_build_tools
@pytest.mark.packaging
def test_wheel_holds_grammar_types_data_and_licences(built):
    with zipfile.ZipFile(built["wheel"]) as wheel:
        names = set(wheel.namelist())
        for grammar in GRAMMARS:
            text = wheel.read(f"nems_dsl/grammar/{grammar}")
            assert text == (ROOT / "grammar" / grammar).read_bytes()
        (entry_points,) = (n for n in names if n.endswith("entry_points.txt"))
        assert b"nems-dsl = nems_dsl.cli:main" in wheel.read(entry_points)
    assert GRAMMARS and names.issuperset(DATA)
    assert {"nems_dsl/grammar/__init__.py", "nems_dsl/__init__.py"} <= names
    assert {name.rpartition("/")[2] for name in names if "/licenses/" in name} == {
        "LICENSE",
        "NOTICE",
    }
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "nems_dsl").rglob("*.py")}
    assert modules <= names
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"nems_dsl"}


@needs_build_tools
@pytest.mark.packaging
def test_sdist_holds_grammar_types_data_and_licences(built):
    with tarfile.open(built["sdist"]) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert names.issuperset(DATA)
    assert names.issuperset(f"grammar/{grammar}" for grammar in GRAMMARS)
    assert {"grammar/__init__.py", "pyproject.toml", "LICENSE", "NOTICE"} <= names


@pytest.mark.slow
@needs_build_tools
@pytest.mark.packaging
@pytest.mark.parametrize("form", ["wheel", "sdist"])
def test_install_finds_its_grammar(form, built, fresh_python, tmp_path):
    install(fresh_python, built[form], cwd=tmp_path)
    version = built["wheel"].name.split("-")[1]
    check_found(what_is_found(fresh_python, tmp_path), tmp_path / "venv", version)


@pytest.mark.slow
@needs_build_tools
@pytest.mark.packaging
def test_editable_install_finds_its_grammar_and_sees_edits(built, fresh_python, tmp_path):
    tree = tmp_path / "tree"
    tree.mkdir()
    copy_of_the_tree(tree)
    install(fresh_python, "--editable", tree, cwd=tmp_path)
    version = built["wheel"].name.split("-")[1]
    check_found(what_is_found(fresh_python, tmp_path), tree, version)
    (tree / "grammar" / "added.lark").write_text("start: \n", encoding="utf-8")
    assert "added.lark" in what_is_found(fresh_python, tmp_path)["grammars"]
