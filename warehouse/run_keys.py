"""Which task of which run wrote a row or a commit."""

import json
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class RunKey:
    """One task of one DAG run, written as `<dag>/<run>/<task>`.

    The run id alone is not unique: two DAGs that are due at the same time have the same one.
    """

    dag: str
    run: str
    task: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the key that `str` wrote.

        Raises:
            ValueError: the text does not have three parts.
        """
        dag, _, rest = text.partition("/")
        run, _, task = rest.rpartition("/")
        if not (dag and run and task):
            raise ValueError(f"{text!r} is not `<dag>/<run>/<task>`")
        return cls(dag, run, task)

    @property
    def retrain_id(self) -> str:
        """`<dag>/<run>`, which all tasks of one retrain share."""
        return f"{self.dag}/{self.run}"

    def signature(self, write_id: str = "") -> str:
        """Return the text with which the run signs a commit."""
        signature = {"job": self.task, "run_key": str(self)}
        return json.dumps(signature | ({"write_id": write_id} if write_id else {}))

    @classmethod
    def of_signature(cls, text: str) -> Self | None:
        """Return the run key of a signature; None if another program wrote the text."""
        try:
            return cls.parse(json.loads(text)["run_key"])
        except (ValueError, KeyError, TypeError, AttributeError):
            return None

    def __str__(self) -> str:
        """Return the form that rows and commits hold."""
        return f"{self.retrain_id}/{self.task}"
