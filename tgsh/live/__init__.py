"""The live network: FlyNet in JavaScript, and the tensors that a page needs for it (ours).

The modules ``js/*.js`` of this folder are one source for the built pages and for the widgets `Pad` and `Lab` of
notebooks. The widgets are imported when they are first asked for: measuring needs no anywidget.
"""

from typing import TYPE_CHECKING, Any

from tgsh.live._modules import sources, style
from tgsh.live._payload import live_network, live_tensors, load_contexts, publish

if TYPE_CHECKING:
    from tgsh.live._widget import Lab, Pad

__all__ = [
    "Lab",
    "Pad",
    "live_network",
    "live_tensors",
    "load_contexts",
    "publish",
    "sources",
    "style",
]


def __getattr__(name: str) -> Any:
    if name not in ("Lab", "Pad"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from tgsh.live import _widget

    return getattr(_widget, name)
