"""The live network: FlyNet in JavaScript, and the tensors that a page needs for it (ours).

The modules ``*.js`` of this folder are one source for the built pages and for notebooks.
"""

from tgsh.live._payload import dequantise, live_network, live_tensors, load_contexts, publish, quantise

__all__ = ["dequantise", "live_network", "live_tensors", "load_contexts", "publish", "quantise"]
