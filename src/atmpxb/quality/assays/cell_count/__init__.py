"""Cell count and viability from the export of an automated counter."""
