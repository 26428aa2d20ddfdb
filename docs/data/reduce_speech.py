"""Make nems_dsl/datasets/speech_small.npz from the full speech data.

    python docs/data/reduce_speech.py speech.npz nems_dsl/datasets/speech_small.npz

The input holds, from the sample data of naplib-python 2.6.0, `stim_0..9` (time, 18), an auditory
spectrogram whose 128 channels were averaged in 18 groups, `resp_0..9` (time, 7), and `fs`. The same
input gives the same bytes.

- The first six excerpts, cut to 60 s.
- Stimulus: cube root, which compresses like hearing does; divided by the largest value; stored as
  uint8 in steps of 1/255.
- Response: z-scored per channel over all six excerpts; stored as int16 in steps of 1/1000.
"""

import argparse
import io
import zipfile

import numpy as np

EXCERPTS = 6
SECONDS = 60
STIM_STEPS = 255
RESP_STEPS = 1000


def reduced(source):
    """Quantise the excerpts.

    Parameters
    ----------
    source : mapping of str to ndarray
        The full data.

    Returns
    -------
    arrays : dict of str to ndarray
        What is stored, in order.
    """
    fs = float(source["fs"])
    bins = round(SECONDS * fs)
    stims = [np.cbrt(source[f"stim_{i}"][:bins].astype(np.float64)) for i in range(EXCERPTS)]
    resps = [source[f"resp_{i}"][:bins].astype(np.float64) for i in range(EXCERPTS)]
    loudest = max(stim.max() for stim in stims)
    joined = np.concatenate(resps)
    mean, sd = joined.mean(axis=0), joined.std(axis=0)

    arrays = {"fs": np.float64(fs), "stim_step": np.float64(1 / STIM_STEPS)}
    arrays["resp_step"] = np.float64(1 / RESP_STEPS)
    for i, (stim, resp) in enumerate(zip(stims, resps, strict=True)):
        z = np.rint((resp - mean) / sd * RESP_STEPS)
        if np.abs(z).max() > np.iinfo(np.int16).max:
            raise ValueError(f"excerpt {i}: a response is too large for int16")
        arrays[f"stim_{i}"] = np.rint(stim / loudest * STIM_STEPS).astype(np.uint8)
        arrays[f"resp_{i}"] = z.astype(np.int16)
    return arrays


def write(path, arrays):
    """Write an .npz file whose bytes depend on nothing but the arrays (and zlib).

    Parameters
    ----------
    path : str
        Where to write.
    arrays : dict of str to ndarray
        What to write.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, np.asanyarray(array), allow_pickle=False)
            # The date is part of the file: numpy's own writer may put today's there.
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, buffer.getvalue(), compresslevel=9)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Reduce the speech data to what is shipped.")
    parser.add_argument("source", help="the full data, .npz")
    parser.add_argument("target", help="the file to write, .npz")
    options = parser.parse_args()
    with np.load(options.source, allow_pickle=False) as full:
        write(options.target, reduced(full))
