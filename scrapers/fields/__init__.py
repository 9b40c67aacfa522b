"""Declared records: what to take from a page, said in JSON instead of code."""

from scrapers.fields.records import DeclaredRecords
from scrapers.fields.schema import InvalidFields, parse
from scrapers.fields.selectors import KINDS, short_form
from scrapers.fields.types import Kind

__all__ = ["KINDS", "DeclaredRecords", "InvalidFields", "Kind", "parse", "short_form"]
