"""What several pages show of a table: its columns, checks, versions, and whether it is live."""
