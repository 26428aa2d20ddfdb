"""Time loss and gradient of wc.18x4-fir.4x15-dexp.1 by nems_dsl, PyTorch and JAX.

    python tests/benchmarks/bench_gradient.py
    python tests/benchmarks/bench_gradient.py --bins 10000 --repeats 50

Every system gets one thread and float64, in one process. Each repeat times all of them in turn;
the table gives medians.
"""

import argparse
import os
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

from nems_dsl import Model, Objective  # noqa: E402

STRING = "wc.18x4-fir.4x15-dexp.1"
OURS = "nems_dsl"
N_CHANNELS, RANK, N_TAPS = 18, 4, 15
HALO = N_TAPS - 1
SHAPES = [(RANK, N_CHANNELS), (1, RANK, N_TAPS), (1,), (1,), (1,), (1,)]


def simulate(n_bins, seed=0):
    generator = np.random.default_rng(seed)
    x = generator.gamma(1.0, 1.0, (N_CHANNELS, n_bins))
    y = generator.normal(size=(1, n_bins))
    parameters = [0.3 * generator.normal(size=shape) for shape in SHAPES]
    return x, y, parameters


def our_system(x, y, parameters):
    """The public objective, as a fit calls it."""
    model = Model(STRING)
    objective = Objective(model, x.T, y.T, loss="mse")
    theta = np.concatenate([parameters[0].T.ravel(), *(p.ravel() for p in parameters[1:])])

    def unpack(result):
        loss, gradient = result
        parts = np.split(gradient, np.cumsum([p.size for p in parameters])[:-1])
        gradients = [g.reshape(p.shape) for g, p in zip(parts[1:], parameters[1:], strict=True)]
        return loss, [parts[0].reshape(parameters[0].T.shape).T, *gradients]

    return lambda: objective.value_and_grad(theta), unpack


def torch_system(x, y, parameters, form):
    import torch

    torch.set_num_threads(1)
    x, y = torch.from_numpy(x), torch.from_numpy(y)
    variables = [torch.from_numpy(p).requires_grad_() for p in parameters]

    def convolve(reversed_h, padded):
        return torch.nn.functional.conv1d(padded[None], reversed_h)[0]

    def unfold(reversed_h, padded):
        return torch.einsum("fck,ctk->ft", reversed_h, padded.unfold(1, N_TAPS, 1))

    fir = {"conv1d": convolve, "unfold": unfold}[form]

    def run():
        w, h, base, amplitude, shift, kappa = variables
        filtered = fir(h.flip(2), torch.nn.functional.pad(torch.matmul(w, x), (HALO, 0)))
        predicted = base + amplitude * torch.exp(-torch.exp(-torch.exp(kappa) * (filtered + shift)))
        loss = ((predicted - y) ** 2).mean()
        return loss.item(), torch.autograd.grad(loss, variables)

    return run, lambda result: (result[0], [g.numpy() for g in result[1]])


def jax_system(x, y, parameters, form):
    import jax

    jax.config.update("jax_enable_x64", True)
    jnp = jax.numpy
    x, y = jnp.asarray(x), jnp.asarray(y)

    def convolve(h, mixed):
        return jax.lax.conv_general_dilated(mixed[None], h[:, :, ::-1], (1,), [(HALO, 0)])[0]

    def shift_and_add(h, mixed):
        padded = jnp.pad(mixed, ((0, 0), (HALO, 0)))
        n = mixed.shape[1]
        return sum(h[:, :, k] @ padded[:, HALO - k : HALO - k + n] for k in range(N_TAPS))

    def lagged_product(h, mixed):
        padded = jnp.pad(mixed, ((0, 0), (HALO, 0)))
        n = mixed.shape[1]
        rows = jnp.stack([padded[:, HALO - k : HALO - k + n] for k in range(N_TAPS)], axis=1)
        return h.reshape(1, -1) @ rows.reshape(-1, n)

    fir = {"conv": convolve, "shifts": shift_and_add, "lagged": lagged_product}[form]

    @jax.jit
    @jax.value_and_grad
    def objective(variables, x, y):
        w, h, base, amplitude, shift, kappa = variables
        filtered = fir(h, w @ x)
        predicted = base + amplitude * jnp.exp(-jnp.exp(-jnp.exp(kappa) * (filtered + shift)))
        return ((predicted - y) ** 2).mean()

    variables = [jnp.asarray(p) for p in parameters]

    def run():
        return jax.block_until_ready(objective(variables, x, y))

    return run, lambda result: (float(result[0]), [np.asarray(g) for g in result[1]])


def systems(n_bins, peers=True):
    """Name to a function without arguments, and one that makes arrays of what it returns."""
    x, y, parameters = simulate(n_bins)
    found = {OURS: our_system(x, y, parameters)}
    if peers:
        found |= {f"torch, {f}": torch_system(x, y, parameters, f) for f in ("conv1d", "unfold")}
        found |= {
            f"jax, {form}": jax_system(x, y, parameters, form)
            for form in ("conv", "shifts", "lagged")
        }
    return found


def check_agreement(found):
    reference, *others = (unpack(run()) for run, unpack in found.values())
    for loss, gradients in others:
        np.testing.assert_allclose(loss, reference[0], rtol=1e-9)
        for a, b in zip(gradients, reference[1], strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-7 * np.abs(b).max())


def medians(found, repeats, calls):
    """Seconds per call; each repeat takes all systems in turn, some calls of each as a fit does."""
    seconds = {name: [] for name in found}
    for _ in range(repeats):
        for name, (run, _) in found.items():
            for _ in range(calls):
                start = time.perf_counter()
                run()
                seconds[name].append(time.perf_counter() - start)
    return {name: float(np.median(s)) for name, s in seconds.items()}


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bins", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--calls", type=int, default=20, help="calls of a system in each repeat")
    parser.add_argument("--no-peers", action="store_true")
    options = parser.parse_args(arguments)
    for n_bins in options.bins:
        found = systems(n_bins, not options.no_peers)
        check_agreement(found)
        result = medians(found, options.repeats, options.calls)
        print(f"{n_bins:,} bins, median of {options.repeats * options.calls}")
        for name, seconds in result.items():
            print(f"  {name:26s}{1e3 * seconds:9.3f} ms {seconds / result[OURS]:8.2f} x")


def test_benchmark_runs(capsys):
    main(["--bins", "50", "--repeats", "1", "--no-peers"])
    assert OURS in capsys.readouterr().out


if __name__ == "__main__":
    main()
