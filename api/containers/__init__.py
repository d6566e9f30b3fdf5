"""The composition root: `build_*` functions that construct every service, layer by layer.

Product, tests and demo call the same functions. Each takes what lies below and the overrides, and imports
what is large where it is built, so that a process loads only the layers it asks for.
"""
