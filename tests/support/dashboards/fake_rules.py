"""What the API knows of slate rules, and of who may make them: kept in memory."""

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
    made = ((2, SECOND, "ada", "festival <b>week</b>"), (1, FIRST, "maya", "complaints"))
    return [
        RulesVersion(
            version=version,
            rules=rules,
            actor=actor,
            reason=reason,
            made_at=shop.NOW - timedelta(days=3 * (3 - version)),
        )
        for version, rules, actor, reason in made
    ]


@dataclass
class FakeRules:
    """Rules and their history. `refusal` answers everything with that status and code."""

    versions: list[RulesVersion] = field(default_factory=versions)
    refusal: tuple[int, str] | None = None
    change: tuple[float, float, float] = (-0.0004, -0.0021, 0.0013)
    previewed: list[SlateRules] = field(default_factory=list)
    is_judged: bool = True

    def made_by_another(self) -> None:
        """Let somebody else be faster."""
        self.make({"rules": {}, "instead_of": self._version, "reason": "an emergency"}, "jonas")

    def make(self, body: dict[str, Any], actor: str) -> RulesVersion | None:
        """Return the new version; none if another one holds than the caller saw."""
        asked = NewRules.model_validate(body)
        if asked.instead_of != self._version:
            return None
        made = RulesVersion(
            version=asked.instead_of + 1,
            rules=asked.rules,
            actor=actor,
            reason=asked.reason,
            made_at=shop.NOW,
        )
        self.versions.insert(0, made)
        return made

    def preview(self, body: dict[str, Any]) -> RulesPreview | None:
        """Return invented figures; none where nothing was judged."""
        asked = SlateRules.model_validate(body)
        self.previewed.append(asked)
        if not self.is_judged:
            return None
        mean, low, high = self.change
        moves = 0.0 if self.versions and asked == self.versions[0].rules else 0.342
        shares = (
            ("category", "Drama", 0.412, 0.318), ("category", "Comedy", 0.201, 0.264),
            ("category", "Documentary", 0.012, 0.061), ("category", "Sci-Fi", 0.151, 0.174),
            ("category", "Western", 0.032, 0.021), ("category", "Mystery", 0.082, 0.079),
            ("vendor", "Sarn Pictures", 0.62, 0.51), ("vendor", "<i>Otto & Sons</i>", 0.11, 0.19),
        )  # fmt: skip
        return RulesPreview(
            retrain_id=shop.RETRAIN,
            recipe="als-7f3a",
            n_users=1000,
            without=figures(0.2694),
            before=figures(0.269),
            after=figures(0.269 + mean),
            ndcg_change=mean,
            low=low,
            high=high,
            changed_share=moves,
            exposure=tuple(
                Exposure.model_validate({"kind": kind, "name": name, "before": old, "after": new})
                for kind, name, old, new in shares
            ),
        )

    @property
    def _version(self) -> int:
        return self.versions[0].version if self.versions else 0


def figures(ndcg: float) -> SlateFigures:
    return SlateFigures(
        ndcg=ndcg, recall=ndcg * 0.6, coverage=0.104, gini=0.914 + ndcg / 100, diversity=0.713
    )
