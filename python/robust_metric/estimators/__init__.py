"""Estimators with certified answers, and what belongs to them: files, pipelines, scorers."""
