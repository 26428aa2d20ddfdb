"""Time loss and gradient of four models by nems_dsl, PyTorch and JAX, beside the GEMM rate.

    python -m tests.benchmarks.bench_gradient
    python -m tests.benchmarks.bench_gradient --models thin wide --bins 10000 --repeats 50
    python -m tests.benchmarks.bench_gradient --models thin wide --bins 10000 --compile

The last has PyTorch compile its forms as well, which takes long, for at most eight in a process.
On a processor with 512-bit vectors all is measured once more, in another process, as on one that
has AVX2 and nothing wider; `--one-width` leaves that out.

Every system gets one thread and the same precision, in one process, and they agree on loss and
gradient before they are timed. Each repeat times all of them in turn; the table gives medians of
the processor's time. A peer is given in several forms, of which the fastest counts. The GEMM rate
is that of NumPy's BLAS for a large square product, measured in the same turns; the flops are the
multiplications and additions of weights and filters, forward and backward, without the derivative
by the stimulus.
"""

import argparse
import os
import sys
import time

THREADS = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "JAX_PLATFORMS": "cpu",
}
if __name__ == "__main__":
    os.environ.update(THREADS)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

# Libraries read the number of threads when they are imported.
import numpy as np  # noqa: E402
import pytest  # noqa: E402

from nems_dsl import Model, Objective  # noqa: E402

from .machine import describe_machine, has_both_widths, run_narrow  # noqa: E402

MODELS = {
    "thin": "wc.18x4-fir.4x15-dexp.1",
    "wide": "wc.18x10-fir.10x15x50-dexp.50",
    "full": "fir.18x25-dexp.1",
    "cnn": "wc.18x1x70-fir.1x15x70-relu.70-wc.70x1x80-fir.1x10x80-relu.80-wc.80x100-relu.100-"
    "wc.100x50-dexp.50",
}
BINS = {"thin": [10_000, 100_000], "wide": [10_000, 100_000], "full": [10_000, 100_000]}
BINS["cnn"] = [10_000]
OURS, GEMM = "nems_dsl", "gemm"
N_CHANNELS = 18
SQUARE = 1024
# a system that is slower than this is called once in a turn, a faster one several times
TURN = 0.1
SLOWER, FEW_TURNS = 3, 3


class Stage:
    """A layer as the peers see it: its kind, and its parameters with outputs first.

    Filters after a bank are one per slice: ``kind`` is ``bank``.
    """

    def __init__(self, layer, values, after_bank):
        self.kind = layer.signature.head
        if self.kind == "fir" and after_bank:
            self.kind = "bank"
        self.shapes = [v.shape for v in values]
        self.parameters = [self._outputs_first(v) for v in values]

    def _outputs_first(self, value):
        if self.kind == "wc":
            return np.ascontiguousarray(value.reshape(len(value), -1).T)
        if self.kind in ("fir", "bank"):
            value = value.reshape(*value.shape[:2], -1)
            return np.ascontiguousarray(value.transpose(2, 0, 1))
        return value

    def as_ours(self, gradients):
        """Give gradients of `parameters` as our layers order them, flat."""
        axes = {"wc": (1, 0), "fir": (1, 2, 0), "bank": (1, 2, 0)}.get(self.kind)
        return [np.transpose(g, axes).ravel() if axes else np.ravel(g) for g in gradients]

    @property
    def n_flops(self):
        """Multiplications and additions of a bin, forward."""
        return 2 * self.parameters[0].size if self.kind in ("wc", "fir", "bank") else 0


def simulate(string, n_bins, seed=0):
    """Data, a model's parameters as a vector, and its stages."""
    generator = np.random.default_rng(seed)
    model = Model(string)
    x = generator.gamma(1.0, 1.0, (n_bins, N_CHANNELS))
    y = generator.normal(size=(n_bins, model.predict(x[:2]).shape[1]))
    theta, stages, after_bank = [], [], False
    for layer in model.layers:
        free = [p for p in layer.parameters.values() if not p.is_frozen]
        values = [generator.normal(size=p.shape) for p in free]
        if len(values[:1]) and values[0].ndim > 1:
            # weights that keep signals, and so nonlinearities, within their working range
            values = [v / np.sqrt(np.prod(v.shape[:2])) for v in values]
        else:
            values = [0.3 * v for v in values]
        theta += [v.ravel() for v in values]
        stages.append(Stage(layer, values, after_bank))
        after_bank = "bank" in layer.dims
    return x, y, np.concatenate(theta), stages


def our_system(string, x, y, theta, dtype):
    """The public objective, as a fit calls it."""
    objective = Objective(Model(string), x, y, loss="mse", dtype=dtype)
    return lambda: objective.value_and_grad(theta), lambda result: result


def unpacker(stages):
    """Turn what a peer gives into the value and the gradient of `Objective`."""

    def unpack(result):
        gradients, flat = iter(result[1]), []
        for stage in stages:
            flat += stage.as_ours([np.asarray(next(gradients)) for _ in stage.parameters])
        return float(result[0]), np.concatenate(flat)

    return unpack


# ---- PyTorch -------------------------------------------------------------------------------------


def torch_filters(form):
    import torch

    convolve = torch.nn.functional.conv1d

    def padded(h, x):
        return torch.nn.functional.pad(x, (h.shape[2] - 1, 0))

    def conv(h, x, groups):
        return convolve(padded(h, x)[None], h.flip(2), groups=groups)[0]

    def shifts(h, x, groups):
        wide, n, last = padded(h, x), x.shape[1], h.shape[2] - 1
        if groups > 1:
            return sum(h[:, :, k] * wide[:, last - k : last - k + n] for k in range(last + 1))
        return sum(h[:, :, k] @ wide[:, last - k : last - k + n] for k in range(last + 1))

    def lagged(h, x, groups):
        windows = padded(h, x).unfold(1, h.shape[2], 1)
        if groups > 1:
            return torch.einsum("fk,ftk->ft", h.flip(2)[:, 0], windows)
        return torch.einsum("fck,ctk->ft", h.flip(2), windows)

    return {"conv1d": conv, "shifts": shifts, "lagged": lagged}[form]


def torch_system(stages, x, y, dtype, form, compiled=False):
    """PyTorch: autograd of its operations, or what its compiler makes of them."""
    import torch

    torch.set_num_threads(1)
    x, y = (torch.from_numpy(np.ascontiguousarray(a.T.astype(dtype))) for a in (x, y))
    variables = [
        [torch.from_numpy(p.astype(dtype)).requires_grad_() for p in stage.parameters]
        for stage in stages
    ]
    flat = [v for each in variables for v in each]
    filters = torch_filters(form)

    def loss_of(variables, x, y):
        for stage, values in zip(stages, variables, strict=True):
            if stage.kind == "wc":
                x = torch.matmul(values[0], x)
            elif stage.kind in ("fir", "bank"):
                x = filters(values[0], x, len(values[0]) if stage.kind == "bank" else 1)
            elif stage.kind == "relu":
                x = torch.relu(x)
            else:
                base, amplitude, shift, kappa = (v[:, None] for v in values)
                x = base + amplitude * torch.exp(-torch.exp(-torch.exp(kappa) * (x + shift)))
        return ((x - y) ** 2).mean()

    if compiled:
        loss_of = torch.compile(loss_of)

    def run():
        loss = loss_of(variables, x, y)
        return loss.item(), torch.autograd.grad(loss, flat)

    return run, unpacker(stages)


# ---- JAX -----------------------------------------------------------------------------------------


def jax_filters(form):
    import jax

    jnp = jax.numpy

    def padded(h, x):
        return jnp.pad(x, ((0, 0), (h.shape[2] - 1, 0)))

    def rows(h, x):
        wide, n, last = padded(h, x), x.shape[1], h.shape[2] - 1
        return [wide[:, last - k : last - k + n] for k in range(last + 1)]

    def conv(h, x, groups):
        return jax.lax.conv_general_dilated(
            x[None], h[:, :, ::-1], (1,), [(h.shape[2] - 1, 0)], feature_group_count=groups
        )[0]

    def time_first(h, x, groups):
        return jax.lax.conv_general_dilated(
            x.T[None],
            h[:, :, ::-1].transpose(2, 1, 0),
            (1,),
            [(h.shape[2] - 1, 0)],
            dimension_numbers=("NWC", "WIO", "NWC"),
            feature_group_count=groups,
        )[0].T

    def shifts(h, x, groups):
        if groups > 1:
            return sum(h[:, :, k] * row for k, row in enumerate(rows(h, x)))
        return sum(h[:, :, k] @ row for k, row in enumerate(rows(h, x)))

    def lagged(h, x, groups):
        if groups > 1:
            return shifts(h, x, groups)
        stacked = jnp.stack(rows(h, x), axis=1)
        return h.reshape(len(h), -1) @ stacked.reshape(-1, x.shape[1])

    forms = {"conv": conv, "conv, time first": time_first, "shifts": shifts, "lagged": lagged}
    return forms[form]


def jax_system(stages, x, y, dtype, form):
    """JAX: its compiler's value and gradient."""
    import jax

    jax.config.update("jax_enable_x64", True)
    jnp = jax.numpy
    x, y = (jnp.asarray(np.ascontiguousarray(a.T.astype(dtype))) for a in (x, y))
    filters = jax_filters(form)

    @jax.jit
    @jax.value_and_grad
    def objective(variables, x, y):
        for stage, values in zip(stages, variables, strict=True):
            if stage.kind == "wc":
                x = values[0] @ x
            elif stage.kind in ("fir", "bank"):
                x = filters(values[0], x, len(values[0]) if stage.kind == "bank" else 1)
            elif stage.kind == "relu":
                x = jnp.maximum(x, 0)
            else:
                base, amplitude, shift, kappa = (v[:, None] for v in values)
                x = base + amplitude * jnp.exp(-jnp.exp(-jnp.exp(kappa) * (x + shift)))
        return ((x - y) ** 2).mean()

    variables = [[jnp.asarray(p.astype(dtype)) for p in stage.parameters] for stage in stages]

    def run():
        loss, gradients = jax.block_until_ready(objective(variables, x, y))
        return loss, [g for each in gradients for g in each]

    return run, unpacker(stages)


# ---- measuring -----------------------------------------------------------------------------------


def gemm_system(dtype):
    """NumPy's product of two large square matrices."""
    a, b = np.random.default_rng(0).random((2, SQUARE, SQUARE)).astype(dtype)
    out = np.empty_like(a)
    return (lambda: np.dot(a, b, out)), None


def systems(string, n_bins, dtype="float64", peers=True, compiled=False):
    """Name to a function without arguments, and one that makes arrays of what it returns."""
    x, y, theta, stages = simulate(string, n_bins)
    found = {OURS: our_system(string, x, y, theta, dtype)}
    if peers:
        for form in ("conv1d", "shifts", "lagged"):
            found[f"torch, {form}"] = torch_system(stages, x, y, dtype, form)
            if compiled:
                found[f"torch, {form}, compiled"] = torch_system(stages, x, y, dtype, form, True)
        for form in ("conv", "conv, time first", "shifts", "lagged"):
            found[f"jax, {form}"] = jax_system(stages, x, y, dtype, form)
    return found, stages


def check_agreement(found, dtype):
    """Refuse to time systems that do not compute the same."""
    rtol = 1e-7 if dtype == "float64" else 2e-3
    reference, *others = (unpack(run()) for run, unpack in found.values())
    for loss, gradient in others:
        np.testing.assert_allclose(loss, reference[0], rtol=rtol)
        atol = rtol * np.abs(reference[1]).max()
        np.testing.assert_allclose(gradient, reference[1], rtol=rtol, atol=atol)


def medians(found, repeats, calls):
    """Seconds per call; each repeat takes all systems in turn, some calls of each as a fit does.

    What is several times slower than others of its library does not count, and has few turns.
    """
    seconds = {name: [] for name in found}
    first = {}
    for name, (run, _) in found.items():
        run()
        start = time.process_time()
        run()
        first[name] = time.process_time() - start
    best = {}
    for name, taken in first.items():
        library = name.split(",")[0]
        best[library] = min(taken, best.get(library, taken))
    for turn in range(repeats):
        for name, (run, _) in found.items():
            if turn >= FEW_TURNS and first[name] > SLOWER * best[name.split(",")[0]]:
                continue
            for _ in range(int(np.clip(TURN / first[name], 1, calls))):
                start = time.process_time()
                run()
                seconds[name].append(time.process_time() - start)
    return {name: float(np.median(s)) for name, s in seconds.items()}


def count_flops(stages):
    """Multiplications and additions of a bin: a product forward, and two backward but for x."""
    forward = [stage.n_flops for stage in stages]
    return 3 * sum(forward) - forward[0]


def measure(name, n_bins, options):
    """Print the table of a model, and give the ratio of the best peer to ours."""
    found, stages = systems(
        MODELS[name], n_bins, options.dtype, not options.no_peers, options.compile
    )
    check_agreement(found, options.dtype)
    found[GEMM] = gemm_system(options.dtype)
    result = medians(found, options.repeats, options.calls)
    gemm = 2 * SQUARE**3 / result.pop(GEMM)
    reached = count_flops(stages) * n_bins / result[OURS]
    print(f"{name}, {n_bins:,} bins, {options.dtype}: {MODELS[name]}")
    for system, seconds in result.items():
        print(f"  {system:26s}{1e3 * seconds:9.3f} ms {seconds / result[OURS]:8.2f} x")
    print(
        f"  {count_flops(stages):,} flop a bin: {reached / 1e9:.1f} GFLOP/s, "
        f"{reached / gemm:.2f} of the {gemm / 1e9:.1f} of a product of {SQUARE} rows"
    )
    return {peer: result[peer] / result[OURS] for peer in result if peer != OURS}


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--bins", type=int, nargs="+", help="default: by model")
    parser.add_argument("--dtype", choices=["float64", "float32"], default="float64")
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--calls", type=int, default=20, help="most calls of a system in a repeat")
    parser.add_argument("--compile", action="store_true", help="torch.compile as well")
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--one-width", action="store_true", help="this processor's vectors alone")
    options = parser.parse_args(arguments)
    print(describe_machine(), flush=True)
    for name in options.models:
        for n_bins in options.bins or BINS[name]:
            ratios = measure(name, n_bins, options)
            for library in ("torch", "jax"):
                best = [ratio for peer, ratio in ratios.items() if peer.startswith(library)]
                if best:
                    print(f"  the best of {library}: {min(best):.2f} x", flush=True)
    if has_both_widths() and not options.one_width:
        given = sys.argv[1:] if arguments is None else arguments
        run_narrow(["-m", "tests.benchmarks.bench_gradient", *given])


def test_benchmark_runs(capsys):
    main(["--models", "thin", "--bins", "50", "--repeats", "1", "--no-peers", "--one-width"])
    out = capsys.readouterr().out
    assert "thin, 50 bins" in out and "GFLOP/s" in out and "caches" in out


@pytest.mark.slow
def test_benchmark_runs_for_all_models(capsys):
    main(["--bins", "50", "--repeats", "1", "--no-peers", "--one-width"])
    out = capsys.readouterr().out
    assert all(f"{name}, 50 bins" in out for name in MODELS) and "GFLOP/s" in out


if __name__ == "__main__":
    main()
