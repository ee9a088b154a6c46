"""Flow cytometry as an assay kind. See README.md."""
