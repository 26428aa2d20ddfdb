import subprocess
import sys


def test_submodules_are_imported_at_first_use():
    code = (
        "import sys; from nems_dsl import kernels; assert 'numba' not in sys.modules; "
        "assert 'filters' in dir(kernels); kernels.filters.fir; assert 'numba' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_unknown_name_is_an_attribute_error():
    from nems_dsl import kernels

    assert not hasattr(kernels, "strf")
