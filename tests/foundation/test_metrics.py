from prometheus_client.parser import text_string_to_metric_families

from foundation import metrics


def shown(sample: str, **labels: str) -> float:
    families = text_string_to_metric_families(metrics.render().decode())
    samples = (each for family in families for each in family.samples)
    return next(each.value for each in samples if each.name == sample and each.labels == labels)


class TestRender:
    def test_what_was_counted_is_shown(self) -> None:
        metrics.tool_calls.labels(tool="search_products", outcome="ok").inc()
        before = shown("livhana_tool_calls_total", tool="search_products", outcome="ok")

        metrics.tool_calls.labels(tool="search_products", outcome="ok").inc(2)

        assert shown("livhana_tool_calls_total", tool="search_products", outcome="ok") == before + 2

    def test_seconds_fall_into_buckets(self) -> None:
        metrics.turn_seconds.labels(door="window").observe(0.03)

        assert shown("livhana_turn_seconds_bucket", door="window", le="0.025") == 0
        assert shown("livhana_turn_seconds_bucket", door="window", le="0.05") == 1

    def test_the_process_is_shown_too(self) -> None:
        assert shown("process_resident_memory_bytes") > 0
