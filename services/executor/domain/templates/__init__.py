"""Texts with `{{name}}`, dotted paths, filters and `{{#each list}}…{{index}}…{{/each}}`, compiled once.

Substituted values are data: braces inside them are never read again. An unknown or null name is empty
text, or its own placeholder when the scope keeps unknowns. Inside a loop `this` is the item, `index`
counts from 1, and the fields of an item that is an object are names of their own.
"""

from services.executor.domain.templates.parse import TemplateError
from services.executor.domain.templates.render import MAX_OUTPUT_BYTES, Template, compile_template

__all__ = ["MAX_OUTPUT_BYTES", "Template", "TemplateError", "compile_template"]
