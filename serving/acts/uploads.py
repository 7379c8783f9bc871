"""Uploads of files: the entry in the audit. The console puts the file into the inbox."""

from serving.acts import audit
from serving.acts.audit import Transaction
from serving.schemas import NewUpload, Upload


def record(transaction: Transaction, new: NewUpload) -> Upload:
    """Record a file that an operator is about to put into the inbox, and return the record."""
    with audit.act(transaction, "upload", f"file {new.file_name}", new.reason) as act:
        act.after = {"n_bytes": new.n_bytes, "sha256": new.sha256}
        return Upload(file_name=new.file_name, n_bytes=new.n_bytes, uploaded_by=act.actor)
