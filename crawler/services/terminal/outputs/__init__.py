"""A terminal's items on their way out, each item once, also when a run is resumed."""

from crawler.services.terminal.outputs.flowing import Flow, flow
from crawler.services.terminal.outputs.held import held_keys
from crawler.services.terminal.outputs.places import Destination, destination, format_of
from crawler.services.terminal.outputs.whole import write_whole
from crawler.services.terminal.outputs.writable import require_writable

__all__ = [
    "Destination",
    "Flow",
    "destination",
    "flow",
    "format_of",
    "held_keys",
    "require_writable",
    "write_whole",
]
