"""The API's slate rules, kept in memory."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from serving.schemas import (
    Exposure,
    NewRules,
    Pin,
    RulesPreview,
    RulesVersion,
    SlateFigures,
    SlateRules,
)
from tests.support.dashboards import shop

HIDDEN, PINNED = shop.ITEMS[6], shop.ITEMS[0]  # the hidden one's title is a hostile one
FIRST = SlateRules(hide=(HIDDEN.item_id,), most_per_category=5)
SECOND = SlateRules(hide=(HIDDEN.item_id,), pin=(Pin(item_id=PINNED.item_id, rank=3),))


def versions() -> list[RulesVersion]:
    """Return two versions, newest first."""
    rows = ((2, SECOND, "ada", "festival <b>week</b>"), (1, FIRST, "maya", "complaints"))
    return [
        RulesVersion(
            version=version,
            rules=rules,
            actor=actor,
            reason=reason,
            created_at=shop.NOW - timedelta(days=3 * (3 - version)),
        )
        for version, rules, actor, reason in rows
    ]


@dataclass
class FakeRules:
    """Rules and their history. `refusal` is the status and code of every answer, if set."""

    versions: list[RulesVersion] = field(default_factory=versions)
    refusal: tuple[int, str] | None = None
    change: tuple[float, float, float] = (-0.0004, -0.0021, 0.0013)
    previewed: list[SlateRules] = field(default_factory=list)
    refused_filter: str = "nonsense"
    n_allowed: int | None = 3000
    has_lists: bool = True  # a retrain stored lists to preview on

    def replace_by_another(self) -> None:
        """Activate empty rules as another operator."""
        self.replace({"rules": {}, "instead_of": self._version, "reason": "an emergency"}, "jonas")

    def replace(self, body: dict[str, Any], actor: str) -> RulesVersion | None:
        """Return the new version; None if the active version is not the one to be replaced."""
        new = NewRules.model_validate(body)
        if new.instead_of != self._version:
            return None
        version = RulesVersion(
            version=new.instead_of + 1,
            rules=new.rules,
            actor=actor,
            reason=new.reason,
            created_at=shop.NOW,
        )
        self.versions.insert(0, version)
        return version

    def preview(self, body: dict[str, Any]) -> RulesPreview | None:
        """Return invented figures; None if no retrain stored lists."""
        rules = SlateRules.model_validate(body)
        self.previewed.append(rules)
        if not self.has_lists:
            return None
        mean, low, high = self.change
        changed_share = 0.0 if self.versions and rules == self.versions[0].rules else 0.342
        shares = (
            ("category", "Drama", 0.412, 0.318), ("category", "Comedy", 0.201, 0.264),
            ("category", "Documentary", 0.012, 0.061), ("category", "Sci-Fi", 0.151, 0.174),
            ("category", "Western", 0.032, 0.021), ("category", "Mystery", 0.082, 0.079),
            ("vendor", "Sarn Pictures", 0.62, 0.51), ("vendor", "<i>Otto & Sons</i>", 0.11, 0.19),
        )  # fmt: skip
        return RulesPreview(
            retrain_id=shop.RETRAIN,
            recipe="als_7f3a",
            n_users=1000,
            n_allowed=self.n_allowed,
            without=figures(0.2694),
            before=figures(0.269),
            after=figures(0.269 + mean),
            ndcg_change=mean,
            low=low,
            high=high,
            changed_share=changed_share,
            exposure=tuple(
                Exposure.model_validate(
                    {"kind": kind, "name": name, "before": before, "after": after}
                )
                for kind, name, before, after in shares
            ),
        )

    @property
    def _version(self) -> int:
        return self.versions[0].version if self.versions else 0


def figures(ndcg: float) -> SlateFigures:
    return SlateFigures(
        ndcg=ndcg, recall=ndcg * 0.6, coverage=0.104, gini=0.914 + ndcg / 100, diversity=0.713
    )
