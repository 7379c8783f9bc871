"""Plugins of Airflow: its setting PLUGINS_FOLDER names this folder.

Airflow puts the folder on the path of modules, before installed packages: a module here must not
have the name of one of these, such as `limits`.
"""
