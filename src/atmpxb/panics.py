"""Errors of libraries written in Rust, which are no ``Exception`` so that nobody catches them unawares."""


def is_panic(error: BaseException) -> bool:
    """Whether such a library gave up on what it was given. Each has a class of its own for it, so its name is all that
    tells.

    >>> is_panic(ValueError("x")), is_panic(KeyboardInterrupt())
    (False, False)
    """
    return (type(error).__module__, type(error).__name__) == ("pyo3_runtime", "PanicException")
