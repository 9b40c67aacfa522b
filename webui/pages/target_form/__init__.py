"""The target form: what its controls show, and what they ask for."""

from webui.pages.target_form.asked import Asked, read
from webui.pages.target_form.declared import turned
from webui.pages.target_form.moving import moved
from webui.pages.target_form.shown import TargetForm, beginning, blank, filled, of_target, submitted

__all__ = [
    "Asked",
    "TargetForm",
    "beginning",
    "blank",
    "filled",
    "moved",
    "of_target",
    "read",
    "submitted",
    "turned",
]
