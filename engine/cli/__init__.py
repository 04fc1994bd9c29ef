"""The composition root behind `main.py`: arguments, environment, processes."""
