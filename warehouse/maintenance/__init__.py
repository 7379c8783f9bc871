"""What keeps the lake small and lawful: compaction, retention, erasure, and its figures."""
