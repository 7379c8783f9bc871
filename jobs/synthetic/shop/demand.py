"""What a user of the shop wants: the probability of each view, cart and purchase."""

from dataclasses import dataclass

import numpy as np

from jobs.synthetic.shop.world import RANK, Floats, Shop

FIT_WEIGHT, PRICE_WEIGHT = 0.9, 0.6  # in the choice of what is viewed
STRAY_SHARE = 0.15  # share of the views that may be of any department
TOGETHER = 0.3  # probability that an order of an item has its complement too, if it is in stock


@dataclass(frozen=True, slots=True)
class Desire:
    """How a user sees all items.

    `pull` is the weight of an item among those that are viewed. `cart` is the probability that a
    viewed item is put into the basket, `checkout` that an item of the basket is bought: both of
    items in stock that the user has not bought before.
    """

    pull: Floats
    cart: Floats
    checkout: Floats


def desire(shop: Shop, user: int) -> Desire:
    """Return how a user sees the items: it depends on their taste and budget."""
    fit = (shop.item_factors @ shop.user_factors[user]) * float(RANK**0.5)
    dearer = shop.item_tier - shop.user_budget[user]
    price = -(1.5 * np.maximum(dearer, 0) + 0.5 * np.maximum(-dearer, 0))
    return Desire(
        pull=np.exp(FIT_WEIGHT * fit + PRICE_WEIGHT * price),
        cart=_logistic(-2.0 + 0.9 * fit + price + shop.item_appeal),
        checkout=_logistic(-0.2 + 0.3 * fit + 0.6 * price),
    )


def buying(shop: Shop, user: int, week: int) -> Floats:
    """Return for each item the probability that a view leads to its purchase.

    The view is the user's next one in that week: it is of the item, or of the complement with which
    the item is bought. Items that they bought before count as if they had not.
    """
    wants, departments = desire(shop, user), shop.item_department
    weight = shop.popularity[week] * wants.pull
    of_department = np.bincount(departments, weight, minlength=shop.user_interests.shape[1])
    interest = shop.user_interests[user] / np.maximum(of_department, 1e-300)
    viewed = weight * ((1 - STRAY_SHARE) * interest[departments] + STRAY_SHARE / weight.sum())
    bought = viewed * wants.cart * wants.checkout * shop.in_stock[week]
    has_complement = shop.item_complement >= 0
    of_complement = np.where(has_complement, bought[shop.item_complement], 0)
    either: Floats = bought + TOGETHER * of_complement * shop.in_stock[week]
    return either


def _logistic(x: Floats) -> Floats:
    probability: Floats = 1 / (1 + np.exp(-x))
    return probability
