"""The errors and warnings of this package, each derived from one of two."""

from __future__ import annotations


class NemsError(Exception):
    """The root of all errors that this package has classes of its own for.

    These are the ones that callers may want to catch. An argument that makes no sense raises
    Python's own ``ValueError``, ``TypeError``, ``KeyError`` or ``IndexError``, as anywhere; and
    what stands in brackets below is also a base, so that code which knows only Python's errors
    catches these too.

    ::

        NemsError
            AbandonedError                  work whose result nobody wants any more; never leaves
            IllFormed                       carries a variant's fault; never leaves
            JobLimitError (RuntimeError)    a job of a sweep took more time or memory than it may
            MixedRowsError (ValueError)     rows are meant together whose scores do not compare
            ModelStringError (ValueError)   a string that is not a model, with every fault in it
            NoLinearFront (ValueError)      a model does not begin with a linear part
            RefusedLayer (ValueError)       carries why a layer of a file is not read; never leaves
            SharedFilesError (RuntimeError) workers do not see the files that they share
            StoreError (ValueError)         a store that cannot be used
            WorkerDiedError (RuntimeError)  a process died in a job of a sweep

    Examples
    --------
    >>> from nems_dsl import NemsError, parse
    >>> try:
    ...     parse("wc.18x4-fri.4x15")
    ... except NemsError as error:
    ...     print(type(error).__name__)
    ModelStringError
    """


class NemsWarning(UserWarning):
    """The root of all warnings of this package: it goes on, but perhaps not as was meant.

    ::

        NemsWarning
            DataWarning         data were read as something that they may not be
            DatasetWarning      some data sets of a sweep cannot be used; their rows say why
            DialectWarning      options of another dialect that say nothing of a model are left out
            EdgeWarning         zeros before a trial are a step as none in the stimulus
            NotFittedWarning    some channels, or folds, cannot be fitted; their scores are NaN
            ScaleWarning        data of a size from which a fit may end far from the best
            SpaceWarning        some variants of a space are not models

    Examples
    --------
    >>> import warnings
    >>> from nems_dsl import NemsWarning, expand
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", NemsWarning)
    ...     models = list(expand("wc.18x{r=0..2}-fir.{r}x15"))
    >>> len(models)
    2
    """
