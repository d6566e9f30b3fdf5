"""Fault injection for the `faults` suite: kill points, workloads and the invariants that must hold."""
