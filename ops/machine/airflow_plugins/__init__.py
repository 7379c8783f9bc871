"""Plugins of Airflow: its setting PLUGINS_FOLDER names this folder."""
