import altair as alt
import pandas as pd
import pytest

from dashboards.console import charts, roles


@pytest.mark.parametrize("drawn", [["challenger"], ["challenger", "popularity"]])
def test_the_legend_names_only_roles_that_are_drawn(drawn: list[str]) -> None:
    rows = pd.DataFrame(
        [{"at": 1, "value": 0.2, "line": role, "role": roles.LABELS[role]} for role in drawn]
    )

    chart = charts.role_lines(rows, alt.X("at:N"), []).to_dict()

    scale = chart["layer"][0]["encoding"]["color"]["scale"]
    assert scale["domain"] == [roles.LABELS[role] for role in drawn]
    assert len(scale["range"]) == len(drawn)
