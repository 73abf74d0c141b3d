"""The report of one or several traces as a single page; it reads traces and changes none."""

from experiments.report.report import write_report

__all__ = ["write_report"]
