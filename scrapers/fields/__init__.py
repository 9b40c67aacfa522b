"""Declared records: what to take from a page, said in JSON instead of code."""

from scrapers.fields.records import DeclaredRecords
from scrapers.fields.schema import Compiler, InvalidFields, parse
from scrapers.fields.selectors import KINDS, BadSelector, Selector, compile_selector, short_form
from scrapers.fields.types import Kind

__all__ = [
    "KINDS",
    "BadSelector",
    "Compiler",
    "DeclaredRecords",
    "InvalidFields",
    "Kind",
    "Selector",
    "compile_selector",
    "parse",
    "short_form",
]
