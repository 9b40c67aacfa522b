"""Declared records: what to take from a page, said in JSON instead of code."""

from scrapers.fields.records import DeclaredRecords
from scrapers.fields.schema import InvalidFields, parse

__all__ = ["DeclaredRecords", "InvalidFields", "parse"]
