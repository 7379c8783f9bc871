"""All data of the visitor's own user: download and delete."""

from collections.abc import Callable

from dashboards import choices, product_api
from dashboards.demo import visit
from dashboards.demo.feedback import saving
from dashboards.identity import visitors
from dashboards.text import plural
from serving.errors import ApiError, TooManyRequestsError


def export() -> Callable[[], str]:
    """Return a function that returns all that the API has about the visitor's own user, as JSON.

    Streamlit calls it for each click, outside the session, where no visitor's browser is known.

    Raises (the function):
        TooManyRequestsError: there were too many downloads in this hour.
        ApiError: as of `serving.client`.
    """
    dataset = choices.dataset()
    api, token = product_api.client(dataset), visitors.token(dataset)
    user_id, browser = visitors.own_user(dataset), visitors.browser()

    def exported() -> str:
        if not visitors.BROWSERS.may_download(browser, visitors.DOWNLOADS_PER_HOUR):
            raise TooManyRequestsError("You have downloaded your data too often this hour")
        api.register(user_id, token)
        return api.export(user_id, token=token).model_dump_json(indent=2)

    return exported


def delete() -> None:
    """Delete the data of the visitor's own user; the visitor is a new user from then on."""
    dataset = choices.dataset()
    user_id = visitors.own_user(dataset)
    try:
        api = product_api.client(dataset)
        token = api.register(user_id, visitors.token(dataset)).token
        erasure = api.erase(user_id, token=token)
    except ApiError as error:
        saving.report_failure(error, "Not deleted")
        return
    product_api.forget_user(dataset, user_id)
    visitors.leave()
    visit.continue_as(choices.user())
    text = f"Your data was deleted ({plural('recorded action', erasure.n_events)})"
    visit.report(visit.Message(f"{text}."), (text, ":material/delete_forever:"))
