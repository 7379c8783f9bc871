"""Reads metrics in Prometheus' format."""

from prometheus_client.parser import text_string_to_metric_families


def by_label(text: str, name: str, label: str, **equals: str) -> dict[str, float]:
    """Return the samples of a metric that have these labels, by the value of another label."""
    return {
        sample.labels[label]: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and equals.items() <= sample.labels.items()
    }
