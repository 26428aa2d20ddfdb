"""Write the reference of the keywords, from what each of them declares.

``python docs/generate_keywords.py`` does it by hand; a build of the documentation does it first.
Nothing is written twice: the page is made of signatures, and of the layers that examples build.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from nems_dsl import Model, parse
from nems_dsl.keywords import Option, Signature, default_in_words, registry
from nems_dsl.layers import Layer, Parameter, load_all

PAGE = Path("generated") / "keywords.md"
# sizes that can be told apart in the shape of a parameter
PRIMES = (101, 103, 107, 109, 113, 127, 131, 137)
# for examples that leave sizes to the data
SYMBOLS = {"N": 18, "R": 1, "S": 2}


def write(docs: Path) -> Path:
    """Write the page into the folder of the documentation, if it is not there as it should be."""
    path = docs / PAGE
    text = reference()
    path.parent.mkdir(exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
    return path


def reference() -> str:
    """Give the whole reference: a table of the keywords, then a section on each."""
    load_all()
    known = registry
    table = [
        f"| [`{head}`](#{head}) | {known[head].signature.summary} "
        f"| {cell(known[head].signature.describe_shape())} |"
        for head in known
    ]
    parts = ["\n".join(["| keyword | what it does | shape |", "| --- | --- | --- |", *table])]
    parts += [section(known[head]) for head in known]
    return "\n\n".join(parts) + "\n"


def section(layer: Any) -> str:
    """Describe one keyword."""
    signature: Signature = layer.signature
    parts = [
        f"## {signature.head}",
        f"`{signature.head}` {signature.summary}.",
        f"```\n{signature.equation}\n```",
        *details(layer),
        "\n".join(facts(layer)),
    ]
    if signature.options:
        parts.append("\n".join(option_rows(layer)))
    rows = list(shape_rows(layer))
    if not rows:
        parts.append(f"`{signature.head}` has no parameters.")
        return "\n\n".join(parts)
    parts.append("\n".join(["| shape | option | parameters |", "| --- | --- | --- |", *rows]))
    parts.append(
        f"In `{signature.example}`, the parameters of `{keyword_of(signature)}` start at the means "
        "of these priors:"
    )
    parts.append("\n".join(parameter_rows(built(signature))))
    return "\n\n".join(parts)


def facts(layer: Any) -> Iterator[str]:
    """Say how it is written, how channels flow, and where it comes from."""
    signature = layer.signature
    yield f"| keyword | `{signature.head}` |"
    yield "| --- | --- |"
    yield f"| shape | {cell(signature.describe_shape())} |"
    yield f"| inferred | {', '.join(inferred(signature)) or 'nothing: all must be written'} |"
    flows = [cell(flow_text(flow)) for flow in signature.flows]
    yield f"| channels | {'<br>'.join(flows) or 'those of all its inputs, put together'} |"
    if signature.signals:
        yield f"| reads also | {', '.join(signature.signals)} |"
    yield f"| example | `{signature.example}` |"
    yield f"| formula | {cell(signature.source)} |"
    # the module is where a class is kept, the package where users find it
    package = ".".join(layer.__module__.split(".")[:2])
    yield f"| layer | {{py:class}}`{package}.{layer.__qualname__}` |"


def inferred(signature: Signature) -> list[str]:
    """Name the axes that the chain tells, and those that may be left out."""
    named = {}
    for form in signature.forms:
        for axis in form.axes:
            if axis in form.inferred:
                named[axis] = f"`{axis}` from the chain"
            elif axis in form.defaults:
                named[axis] = f"`{axis}` is {form.defaults[axis]} if left out"
    return list(named.values())


def flow_text(flow: Any) -> str:
    """Write one way for channels to pass, with the sizes under which it applies."""
    sizes = " and ".join(f"{axis} = {size}" for axis, size in flow.sizes.items())
    return f"({flow})".replace(" -> ", ") to (").replace("; ", ") and (") + (
        f", where {sizes}" if sizes else ""
    )


def details(layer: Any) -> list[str]:
    """Give what the layer's docstring says below its first line, and in its notes."""
    blocks = sections(layer)
    texts = [*blocks[""].split("\n\n")[1:], blocks.get("Notes", "")]
    texts = [text.strip() for text in texts]
    return [text for text in texts if text and text.strip("`") != layer.signature.equation]


def option_details(layer: Any) -> dict[str, str]:
    """Give what the layer's docstring says of each option."""
    found = {}
    listed = sections(layer).get("Parameters", "")
    for names, text in re.findall(r"^(\w[\w, ]*) : bool\n((?:    .*\n?)+)", listed, re.MULTILINE):
        for name in names.split(", "):
            found[name] = " ".join(text.split())
    return found


def sections(layer: Any) -> dict[str, str]:
    """Split a docstring at its headings; what is before the first is called by no name."""
    parts = re.split(r"^(\w+)\n-{3,}\n", inspect.getdoc(layer) or "", flags=re.MULTILINE)
    return {"": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


def option_rows(layer: Any) -> Iterator[str]:
    """Give the table of options."""
    signature, more = layer.signature, option_details(layer)
    yield "| option | what it does | number | not with |"
    yield "| --- | --- | --- | --- |"
    for option in signature.options:
        excludes = ", ".join(f"`{name}`" for name in option.excludes)
        helped = cell(option.help)
        # a few words are what the signature has already
        if len(more.get(option.name, "")) > 30 and not shared(more, option.name):
            helped += f": {more[option.name][0].lower()}{more[option.name][1:].rstrip('.')}"
        yield f"| `{option.spelling}` | {helped} | {number_text(option)} | {excludes} |"
    for synonym, meaning in signature.synonyms.items():
        yield f"| `{synonym}` | the same as `{'.'.join(meaning)}` | | |"


def shared(found: dict[str, str], name: str) -> bool:
    """Tell whether a docstring says one thing of several options."""
    return list(found.values()).count(found[name]) > 1


def number_text(option: Option) -> str:
    """Say which number an option takes."""
    if option.number is None:
        return ""
    kind = option.number.value
    if option.maximum < float("inf"):
        kind += f" from {option.minimum:g} to {option.maximum:g}"
    elif option.minimum > 0:
        kind += f", at least {option.minimum:g}"
    return kind if option.default is None else f"{kind}; {default_in_words(option)} if left out"


def shape_rows(layer: Any) -> Iterator[str]:
    """Give the rows of the table of the parameters' shapes, in the axes' names."""
    before: dict[str, tuple[str, ...]] = {}
    for form in layer.signature.forms:
        for n_axes in range(form.n_required, len(form.axes) + 1):
            for option in (None, *layer.signature.options):
                shapes = parameter_axes(layer, form, n_axes, option)
                plain = parameter_axes(layer, form, n_axes, None)
                if (option is not None and shapes == plain) or shapes == before:
                    continue
                before = shapes
                written = " x ".join(form.axes[:n_axes])
                flag = "" if option is None else f"`{option.name}`"
                names = ", ".join(f"`{name}` ({', '.join(axes)})" for name, axes in shapes.items())
                yield f"| {written} | {flag} | {names} |"


def parameter_axes(
    layer: Any, form: Any, n_axes: int, option: Option | None
) -> dict[str, tuple[str, ...]]:
    """Give the axes of each parameter, for a shape with so many axes and one option."""
    sizes = dict(zip(form.axes[:n_axes], PRIMES, strict=False))
    names = {size: axis for axis, size in sizes.items()}
    names |= {size + 1: f"{axis} + 1" for axis, size in sizes.items()}
    names |= {a * b: f"{m} x {n}" for m, a in sizes.items() for n, b in sizes.items() if a < b}
    chosen = {} if option is None else {option.name: value_of(option)}
    shapes = layer.parameter_shapes({**form.defaults, **sizes}, chosen)
    return {
        name: tuple(names.get(size, str(size)) for size in shape) for name, shape in shapes.items()
    }


def value_of(option: Option) -> Any:
    """Give a value that an option may have."""
    if option.number is None:
        return True
    return option.default or max(option.minimum, 1)


def built(signature: Signature) -> Layer:
    """Give the layer that stands for the keyword in its example."""
    places = [keyword.head for keyword in parse(signature.example)]
    told = parse(signature.example).symbols
    symbols = {s: n for s, n in SYMBOLS.items() if s != "S" or s in told}
    return Model(signature.example, **symbols).layers[places.index(signature.head)]


def keyword_of(signature: Signature) -> str:
    """Give the keyword as it stands in its example."""
    return next(str(k) for k in parse(signature.example) if k.head == signature.head)


def parameter_rows(layer: Layer) -> Iterator[str]:
    """Give the table of a layer's parameters."""
    yield "| parameter | shape | prior | bounds |"
    yield "| --- | --- | --- | --- |"
    for name, parameter in layer.parameters.items():
        shape = ", ".join(map(str, parameter.shape))
        prior = prior_text(parameter)
        if parameter.is_permanent:
            prior = f"fixed at {span(parameter.values)}"
        yield f"| `{name}` | ({shape}) | {prior} | {bounds_text(parameter)} |"


def prior_text(parameter: Parameter) -> str:
    """Write a prior, arrays by their least and greatest value."""
    prior = parameter.prior
    values = ", ".join(f"{name} {span(value)}" for name, value in prior.parameters.items())
    return f"{type(prior).__name__}: {values}"


def bounds_text(parameter: Parameter) -> str:
    """Write bounds; nothing where there are none."""
    if parameter.is_permanent:
        return ""
    low, high = parameter.bound_arrays()
    if np.isinf(low).all() and np.isinf(high).all():
        return "none"
    if np.isinf(high).all():
        return f"at least {span(low)}"
    return f"{span(low)} to {span(high)}"


def span(values: Any) -> str:
    """Write one number, or the least and the greatest of several."""
    low, high = float(np.min(values)), float(np.max(values))
    return f"{low:.3g}" if low == high else f"{low:.3g} to {high:.3g}"


def cell(text: str) -> str:
    """Keep characters from meaning something in a table of Markdown."""
    return text.replace("|", "\\|").replace("*", "\\*").replace("[", "\\[").replace("]", "\\]")


if __name__ == "__main__":
    print(write(Path(__file__).parent))
