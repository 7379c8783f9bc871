"""A live release of a recipe, with minimal lists."""

from dataclasses import replace

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from jobs.engine.recipes import AnyRecipe
from serving.publishing import releases
from serving.publishing.publish import publish
from tests.support.serving import shop


def released(engine: Engine, recipe: AnyRecipe, retrain_id: str = "product__retrain/zero") -> int:
    """Publish a release of the recipe instead of the live one; return its id."""
    with Session(engine) as session:
        live = releases.live_id(session)
    fit = replace(
        shop.FIT,
        retrain_id=retrain_id,
        recipe=recipe.name,
        recipe_json=recipe.model_dump(mode="json"),
    )
    return publish(engine, fit, shop.tables(), actor="a test", reason="A test.", instead_of=live)


def paused(engine: Engine, recipe: AnyRecipe) -> int:
    """Publish two releases of the recipe and roll back, which pauses publishing."""
    released(engine, recipe)
    released(engine, recipe, "product__retrain/worse")
    with Session(engine) as session, session.begin():
        return releases.roll_back(session, actor="ann", reason="Worse.")
