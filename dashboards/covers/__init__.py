"""Pictures of items that have none of their own: covers with a title, and drawings of products.

Each is a pure function of the item's title, year and category.
"""

from dashboards.covers.composition import cover
from dashboards.covers.products import product

__all__ = ["cover", "product"]
