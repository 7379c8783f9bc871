"""What several pages show of a retrain: its progress, its search and its approval."""
