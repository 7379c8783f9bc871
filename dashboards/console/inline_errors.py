"""Shows an error in place of the block that failed; the rest of the page still runs."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st
from pydantic import ValidationError

from airflow_api.client import (
    AirflowError,
    AirflowUnavailableError,
    NotAllowedError,
    SignInRefusedError,
)
from dashboards.console.acts.client import OutcomeUnknownError
from dashboards.console.signing_in import sign_in
from dashboards.settings import NotSetUpError
from dashboards.text import esc
from serving.errors import (
    ApiError,
    BacktestActiveError,
    CheckNotReleasableError,
    LiveReleaseChangedError,
    NoEarlierReleaseError,
    NoQuestionError,
    OperatorCheckUnavailableError,
    OperatorsNotConfiguredError,
    OwnRetrainError,
    ReleaseNotReadyError,
    RetrainActiveError,
    RetrainEndedError,
    ScopeMissingError,
    UnknownBacktestError,
    UnknownRunError,
)
from warehouse.errors import WarehouseError

log = logging.getLogger(__name__)

_MESSAGES: dict[type[Exception], str] = {  # subclasses before their base
    AirflowUnavailableError: "Airflow is not responding. Run `lantern status` for details.",
    AirflowError: "Airflow refused this request, or does not know this DAG yet.",
    OperatorsNotConfiguredError: "The API cannot check operators. Set `API_AIRFLOW_URL` and "
    "restart the API.",
    LiveReleaseChangedError: "Another release went live meanwhile. Look at the releases again: "
    "nothing was changed.",
    ReleaseNotReadyError: "This release was deleted or never completely loaded. Choose another.",
    NoEarlierReleaseError: "No older release is kept.",
    RetrainActiveError: "Another retrain was started meanwhile. Nothing was started.",
    RetrainEndedError: "This retrain has ended meanwhile. There is nothing to stop.",
    NoQuestionError: "This retrain does not wait for an answer any more. Nothing was changed.",
    OwnRetrainError: "You started this retrain: another account must approve it.",
    BacktestActiveError: "Another backtest was started meanwhile. Nothing was started.",
    UnknownBacktestError: "Airflow has not loaded the DAG of backtests. Try again in a minute.",
    UnknownRunError: "Airflow does not know this run, or has not loaded its DAG.",
    OperatorCheckUnavailableError: "Airflow did not answer. Try again in a minute.",
    OutcomeUnknownError: "Airflow did not answer, so it is unknown whether this was done. Look at "
    "the runs in Airflow before you repeat it.",
    CheckNotReleasableError: "Rows that fail this check cannot be released. Correct the file or "
    "the manifest, or reject the rows.",
    ApiError: "The API did not answer this request, or refused it. Run "
    "`lantern status` for details.",
    WarehouseError: "The lake cannot be read.",
    ValidationError: "This version of the app cannot read the data's format.",
}


@contextmanager
def inline_errors() -> Iterator[None]:
    """Show an error of the block as a message; return to the sign-in form if it has expired."""
    try:
        yield
    except SignInRefusedError:
        sign_in.end()
    except NotAllowedError:
        _show("Your Airflow role does not allow this action.")
    except ScopeMissingError:
        st.info(
            "This needs the role Op or Admin. Ask an Airflow administrator.",
            icon=":material/visibility:",
        )
    except NotSetUpError as error:
        log.warning("block not shown error=%s", error)
        _show(f"Not set up: {esc(str(error))}.")
    except tuple(_MESSAGES) as error:
        log.warning("block not shown error=%s", error)
        _show(next(text for kind, text in _MESSAGES.items() if isinstance(error, kind)))


def _show(message: str) -> None:
    st.warning(message, icon=":material/cloud_off:")
