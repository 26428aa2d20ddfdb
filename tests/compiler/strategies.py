"""Random model strings that are valid by construction, from the signatures there are."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from nems_dsl.compiler.catalogue import catalogue
from nems_dsl.keywords import Flow, Number, ShapeForm, Signature
from nems_dsl.syntax import spell_number

SIZES = st.integers(1, 6)
REAL = st.sampled_from([1, 2, 10, 1000, 0.5, 0.001, 0.0025, 1e-6])


@dataclass(frozen=True)
class Spelling:
    """One keyword twice: as the canonical form has it, and in some other spelling."""

    canonical: str
    other: str


@dataclass(frozen=True)
class Chain:
    """A model string in two spellings."""

    canonical: str
    other: str


def _options(draw, signature: Signature) -> tuple[list[str], list[str]]:
    canonical, other, chosen = [], [], set()
    # these choose another flow, with other sizes
    steering = {n for flow in signature.flows for n in (*flow.options, *flow.strides.values())}
    for option in signature.options:
        if option.name in steering or option.axes or not set(option.needs) <= chosen:
            continue
        if draw(st.integers(0, 3)) or chosen & set(option.excludes):
            continue
        if any(option.name in o.excludes for o in signature.options if o.name in chosen):
            continue
        chosen.add(option.name)
        text = alias = option.name
        meant = option.default
        if option.number is not None:
            value = draw(REAL if option.number is Number.REAL else st.integers(1, 9))
            if option.minimum <= value <= option.maximum:
                alias, meant = f"{option.name}{spell_number(value)}", value
                text = option.name if value == option.default else alias
            elif option.default is None:
                continue
        if meant is None or meant != option.absent:
            canonical.append(text)
        other.append(alias)
    for synonym, meaning in signature.synonyms.items():
        if set(meaning) <= set(other) and draw(st.booleans()):
            other = [name for name in other if name not in meaning] + [synonym]
    return canonical, draw(st.permutations(other))


def _forms_and_flows(signature: Signature, n_axes: int) -> list[tuple[ShapeForm, Flow, int]]:
    """Give the shapes that surely fit an input of `n_axes`: by form, flow and number of sizes."""
    fitting = []
    for form in signature.forms:
        for n_sizes in range(form.n_required, len(form.axes) + 1):
            present = {*form.axes[:n_sizes], *form.defaults}
            for flow in signature.flows:
                named = {*flow.takes, *flow.gives}
                optional = set(form.axes[form.n_required :]) - set(form.defaults)
                if (
                    len(flow.takes) == n_axes
                    and not flow.options
                    and not {axis for axes in flow.also for axis in axes} & set(form.defaults)
                    and not flow.sizes
                    and optional & named == optional & present
                ):
                    fitting.append((form, flow, n_sizes))
                    break
    return fitting


@st.composite
def chains(draw, max_keywords: int = 5) -> Chain:
    """Draw a chain whose sizes fit, with some of them left out in the other spelling."""
    known = catalogue()
    incoming, n_states = (draw(SIZES),), draw(SIZES)
    canonical, other = [], []
    names: dict[str, tuple[int, ...]] = {}
    is_told = False  # whether the string tells how many channels come in
    for place in range(draw(st.integers(1, max_keywords))):
        heads = [h for h in known if _forms_and_flows(known[h].signature, len(incoming))]
        signature = known[draw(st.sampled_from(sorted(heads)))].signature
        ways = _forms_and_flows(signature, len(incoming))
        form, flow, n_sizes = draw(st.sampled_from(ways))
        sizes = {axis: draw(SIZES) for axis in form.axes[:n_sizes]}
        sizes.update({a: n for a, n in zip(flow.takes, incoming, strict=True) if a in form.axes})
        sizes.update({axis: n_states for axes in flow.also for axis in axes})
        for axis, default in form.defaults.items():
            sizes.setdefault(axis, default)
        if any(a in form.defaults and a not in form.axes[:n_sizes] for a in flow.takes):
            sizes.update(zip(flow.takes, incoming, strict=True))
        shown = [axis for axis in form.axes if axis in sizes]
        while len(shown) > form.n_required and sizes[shown[-1]] == form.defaults.get(shown[-1]):
            shown.pop()
        full = [str(sizes[axis]) for axis in shown]
        short = list(full)
        if is_told and shown and draw(st.booleans()):
            if shown[0] in form.inferred and shown[0] in flow.takes and len(short) > 1:
                short[0] = ""
            elif set(shown) <= form.inferred & set(flow.takes):
                short = []
        flags, respelled = _options(draw, signature)
        name = draw(st.sampled_from([None, None, f"s{place}"]))
        previous = list(names)[-1:] if place and f"s{place - 1}" in names else []
        lead = f"{name}=" if name else ""
        inputs = f"@{previous[0]}" if previous and draw(st.booleans()) else ""
        if not place:
            inputs = draw(st.sampled_from(["", "@stim", "@input"]))
        parts = ["x".join(short)] if short else []
        whole = ["x".join(full)] if full else []
        canonical.append(lead + ".".join([signature.head, *whole, *flags]))
        other.append(lead + ".".join([signature.head, *parts, *respelled]) + inputs)
        passing = dict(zip(flow.takes, incoming, strict=True))
        incoming = tuple(sizes.get(axis, passing.get(axis, 1)) for axis in flow.gives)
        is_told = all(is_told or axis in sizes for axis in flow.gives)
        if name:
            names[name] = incoming
    joints = [draw(st.sampled_from(["-", " - ", "-\n", "\t-"])) for _ in other[1:]] + [""]
    respelled = "".join(k + j for k, j in zip(other, joints, strict=True))
    return Chain("-".join(canonical), respelled)


CHARACTERS = st.sampled_from(
    [*"abcdefilnoprstwx0123456789NRS-_.=@,:{}[ \n", "X", "é", "😀", "\0", "\ud800"]
)


@st.composite
def mutations(draw) -> str:
    """Draw a good string with some characters changed, dropped, doubled or added."""
    text = list(draw(chains()).other)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        match draw(st.integers(0, 3)):
            case 0:
                text.insert(at, draw(CHARACTERS))
            case 1:
                del text[at : at + 1]
            case 2:
                text[at : at + 1] = draw(CHARACTERS)
            case _:
                text[at:at] = text[max(at - 5, 0) : at]
    return "".join(text)
