"""Parts of the `turns` suite: the service under load, its model, CPU accounting, and the peers."""
