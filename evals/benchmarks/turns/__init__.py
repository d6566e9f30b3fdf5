"""Parts of the `turns` suite: the service it loads, the model in it, the clocks, and the peers."""
