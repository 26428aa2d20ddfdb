"""Filters and weighted sums over channels in tiles: rows and columns that share what is loaded.

What a processor does best with a few rows by some thousand bins, no loop that a compiler makes by
itself comes near: partial sums that stay in registers over all channels and taps. So filters and
weighted sums, which cost most of a fit, have a room of their own. `kernels/plain.py` says in
short loops what each of its functions gives, and nothing but `nems_dsl.kernels` calls them.

filters, weights
    What the room gives, each in the form that was measured to be the fastest for its shape.
filter_*
    The forms.
vector_*
    The innermost loops, in vectors of LLVM, of which they are made.
vectors, processor, aligned
    Vectors and their operations; what the processor has of them; memory that they like.
"""

from .filters import bank_fir as bank_fir
from .filters import bank_fir_vjp_filter as bank_fir_vjp_filter
from .filters import bank_fir_vjp_input as bank_fir_vjp_input
from .filters import fir as fir
from .filters import fir_vjp_filter as fir_vjp_filter
from .filters import fir_vjp_input as fir_vjp_input
from .weights import banked_mix as banked_mix
from .weights import banked_mix_vjp_input as banked_mix_vjp_input
from .weights import banked_mix_vjp_weights as banked_mix_vjp_weights
from .weights import mix as mix
from .weights import mix_vjp_input as mix_vjp_input
from .weights import mix_vjp_weights as mix_vjp_weights
