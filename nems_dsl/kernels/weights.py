"""Channel weighting (wc): weighted sums over channels, plain and one per slice of a bank."""

from .compiled import IS_PLAIN

if IS_PLAIN:
    from .plain import banked_mix as banked_mix
    from .plain import banked_mix_vjp_input as banked_mix_vjp_input
    from .plain import banked_mix_vjp_weights as banked_mix_vjp_weights
    from .plain import mix as mix
    from .plain import mix_vjp_input as mix_vjp_input
    from .plain import mix_vjp_weights as mix_vjp_weights
else:
    from .tiles import banked_mix as banked_mix
    from .tiles import banked_mix_vjp_input as banked_mix_vjp_input
    from .tiles import banked_mix_vjp_weights as banked_mix_vjp_weights
    from .tiles import mix as mix
    from .tiles import mix_vjp_input as mix_vjp_input
    from .tiles import mix_vjp_weights as mix_vjp_weights
