"""Quality control of cell and gene therapies, from the raw instrument file to a certificate that proves itself."""

__version__ = "0.1.0"
