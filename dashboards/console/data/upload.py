"""The upload of a file into the inbox: checked, with a reason, by operators only."""

import hashlib
from pathlib import Path

import streamlit as st

from dashboards.console import lake_data
from dashboards.console.acts import reason
from dashboards.console.data import checking, client, inbox, reading
from dashboards.console.data.checking import Finding
from dashboards.console.data.inbox import UploadRefusedError
from dashboards.console.sources import Account
from dashboards.identity import uploads, visitors
from dashboards.settings import AppSettings
from dashboards.text import bytes_text, esc, with_code
from warehouse import datasets

_N_TAKEN, DONE = "n_uploads", "upload_done"


def button(account: Account, dataset: str) -> None:
    """Show a button with the uploader below it, and take the file that passes the check."""
    limit = AppSettings().max_upload_mb
    why_not = _why_not(dataset, limit)
    if why_not:
        st.button(
            "Add a file", "add_file_disabled", icon=":material/upload_file:", disabled=True,
            help=why_not,
        )  # fmt: skip
        return
    uploads.permit()
    n_taken = st.session_state.get(_N_TAKEN, 0)  # another key is another, empty uploader
    with st.popover("Add a file", icon=":material/upload_file:", key=f"add_file_{n_taken}"):
        sections = sorted(_patterns(dataset))
        st.markdown(
            f"The manifest describes {', '.join(f'`{name}`' for name in sections)}. The file is "
            "checked first; the next ingest lands it."
        )
        sent = st.file_uploader(
            "File", key=f"upload_{n_taken}", max_upload_size=limit, label_visibility="collapsed"
        )
        if sent is None:
            st.caption("Copy larger files into the inbox on the machine itself.")
            return
        try:
            _offer(account, dataset, sent.name, sent.getvalue())
        except UploadRefusedError as error:
            st.error(with_code(str(error)), icon=":material/block:")


def _offer(account: Account, dataset: str, sent_name: str, content: bytes) -> None:
    """Show what the check says of the file, and take it once the operator gives a reason."""
    root, name = _inbox(dataset), inbox.checked_name(sent_name)
    if not content:
        raise UploadRefusedError("The file is empty.")
    folders = inbox.folders(name, _patterns(dataset))
    if len(folders) > 1:
        label = "Folder of the inbox"
        name = "/".join(filter(None, [st.selectbox(label, folders, key="upload_folder"), name]))
    elif folders:
        name = "/".join(filter(None, [*folders, name]))
    inbox.require_new(root, name, {file.name for file in reading.files(dataset)})
    sha256 = hashlib.sha256(content).hexdigest()
    with st.spinner("Checking the file…"):
        findings = _checked(dataset, name, sha256, content)
    for finding in findings:
        _show(finding)
    if any(finding.level == "error" for finding in findings):
        return
    question = f"Add **{esc(name)}** ({bytes_text(len(content))}) to the inbox?"
    why = reason.form(f"upload_{sha256[:8]}", question, "Add to the inbox", "upload_file")
    if why is None:
        return
    inbox.take(
        root,
        name,
        content,
        approve=lambda: client.record_upload(
            account, dataset, name, n_bytes=len(content), sha256=sha256, reason=why
        ),
    )
    st.session_state[_N_TAKEN] = st.session_state.get(_N_TAKEN, 0) + 1
    st.session_state[DONE] = f"{esc(name)} is in the inbox. The next ingest lands it."
    st.rerun()


def _show(finding: Finding) -> None:
    if finding.level == "error":
        st.error(with_code(finding.text))
    elif finding.level == "warning":
        st.warning(with_code(finding.text))
    else:
        st.caption(with_code(finding.text))


@st.cache_data(ttl="10m", max_entries=50, show_spinner=False)
def _checked(dataset: str, name: str, sha256: str, _content: bytes) -> list[Finding]:  # noqa: ARG001 # of the cache
    with inbox.staged(_inbox(dataset), _content) as path:
        return checking.findings(dataset, path, name)


def _why_not(dataset: str, limit: int) -> str:
    """Return why no file can be uploaded here now; "" if this account can."""
    if not limit:
        return "Uploads are off: `APP_MAX_UPLOAD_MB` is 0"
    source = datasets.load_named(dataset).source
    if source.kind != "inbox":
        return (
            f"This data set has its files from another place: its source is of kind {source.kind}"
        )
    if "://" in (place := lake_data.settings().inbox_of(dataset)):
        return f"The inbox is not on this machine. Put the file into {place}"
    if not visitors.is_operator():
        return "Only operators add files"
    return ""


def _patterns(dataset: str) -> set[str]:
    manifest = datasets.load_named(dataset)
    single = (manifest.ratings, manifest.items, manifest.categories, manifest.users)
    return {section.file for section in (*single, *manifest.events) if section is not None}


def _inbox(dataset: str) -> Path:
    return Path(lake_data.settings().inbox_of(dataset))
