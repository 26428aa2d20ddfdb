"""Channel weighting (wc): weighted sums over channels, plain and one per slice of a bank."""

from .tiles import banked_mix as banked_mix
from .tiles import banked_mix_vjp_input as banked_mix_vjp_input
from .tiles import banked_mix_vjp_weights as banked_mix_vjp_weights
from .tiles import mix as mix
from .tiles import mix_vjp_input as mix_vjp_input
from .tiles import mix_vjp_weights as mix_vjp_weights
