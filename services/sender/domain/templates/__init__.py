"""Message templates: what they take, whether a message brings it, and what Meta tells about them."""

from services.sender.domain.templates.check import TemplateFault, faults
from services.sender.domain.templates.shape import Button, Shape, shape_of, shape_of_text
from services.sender.domain.templates.template import (
    Account,
    Kept,
    News,
    Template,
    TemplateKey,
    TemplateState,
    language_of,
    status_of,
    template_in,
)

__all__ = [
    "Account",
    "Button",
    "Kept",
    "News",
    "Shape",
    "Template",
    "TemplateFault",
    "TemplateKey",
    "TemplateState",
    "faults",
    "language_of",
    "shape_of",
    "shape_of_text",
    "status_of",
    "template_in",
]
