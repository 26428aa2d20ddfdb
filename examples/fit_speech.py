"""Fit one string to one channel of the speech that ships with the package; score and draw it."""

from nems_dsl import fit
from nems_dsl.datasets import load_speech

speech = load_speech()
channel = 2
responses = [trial[:, channel] for trial in speech.resp]

# the last of six excerpts is kept for the test
model = fit("wc.18x4-fir.4x15-dexp.1", speech.stim[:-1], responses[:-1], verbose=0)
print(model.results)

held_out, response = speech.stim[-1], responses[-1]
print(f"r on the held-out excerpt: {model.score(held_out, response):.3f}")

figure = model.plot(held_out, response, fs=speech.fs)
figure.savefig("fit_speech.png")
print("saved", model.save("fit_speech.json"), "and fit_speech.png")
