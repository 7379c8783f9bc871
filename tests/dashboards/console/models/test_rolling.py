from dashboards.console.models import rolling
from dashboards.console.retrain_rows import Figure


def test_windows_are_in_their_order_and_the_gates_is_last() -> None:
    figures = [
        Figure("a", "challenger", window, "warm", "ndcg@10", 0.2, 9, None)
        for window in ("gate", "new_items", "rolling_60", "rolling_40")
    ]

    assert list(rolling.windows(figures)["window"]) == ["After 40 %", "After 60 %", "Gate"]
    assert rolling.windows([]).empty
