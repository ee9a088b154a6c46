"""A partner's certificate, transcribed by one person and checked by a second."""
