"""Airflow on one machine: its settings, its set-up, and what we add to its programs."""
