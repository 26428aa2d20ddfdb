"""Sweeps over data sets, what keeps their rows, and what can be asked of these."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazy

if TYPE_CHECKING:
    from .assessing.assess import assess as assess
    from .assessing.assessment import Assessment as Assessment
    from .assessing.partition import Partition as Partition
    from .assessing.plan import Plan as Plan
    from .assessing.plan import compare_to_plan as compare_to_plan
    from .assessing.plan import plan_sweep as plan_sweep
    from .assessing.plan import read_plan as read_plan
    from .assessing.verify import Verification as Verification
    from .assessing.verify import verify as verify
    from .results.cells import MixedRowsError as MixedRowsError
    from .results.comparison import Comparison as Comparison
    from .results.comparison import compare_scores as compare_scores
    from .results.inference import Effect as Effect
    from .results.names import Neuron as Neuron
    from .results.nesting import find_steps as find_steps
    from .results.stored_results import Results as Results
    from .results.stored_results import open_results as open_results
    from .running.datasets import DatasetWarning as DatasetWarning
    from .running.datasets import SharedFilesError as SharedFilesError
    from .running.limits import JobLimitError as JobLimitError
    from .running.places.clusters import open_executor as open_executor
    from .running.sweeping import sweep as sweep
    from .running.workers import WorkerDiedError as WorkerDiedError
    from .store.database import StoreError as StoreError
    from .store.merging import Merged as Merged
    from .store.merging import merge_stores as merge_stores
    from .store.rows import JobRow as JobRow
    from .store.store import Store as Store

__getattr__, __dir__ = lazy(
    __name__,
    {
        "Assessment": "assessing.assessment",
        "Comparison": "results.comparison",
        "DatasetWarning": "running.datasets",
        "Effect": "results.inference",
        "JobLimitError": "running.limits",
        "JobRow": "store.rows",
        "Merged": "store.merging",
        "MixedRowsError": "results.cells",
        "Neuron": "results.names",
        "Partition": "assessing.partition",
        "Plan": "assessing.plan",
        "SharedFilesError": "running.datasets",
        "Results": "results.stored_results",
        "Store": "store.store",
        "StoreError": "store.database",
        "Verification": "assessing.verify",
        "WorkerDiedError": "running.workers",
        "assess": "assessing.assess",
        "compare_to_plan": "assessing.plan",
        "compare_scores": "results.comparison",
        "find_steps": "results.nesting",
        "merge_stores": "store.merging",
        "open_executor": "running.places.clusters",
        "open_results": "results.stored_results",
        "plan_sweep": "assessing.plan",
        "read_plan": "assessing.plan",
        "sweep": "running.sweeping",
        "verify": "assessing.verify",
    },
)
