"""Runs graphs: plan, runner, context, events."""
