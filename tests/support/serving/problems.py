"""Checks of the API's error answers."""

import httpx2

from serving.schemas import Problem


def problem(answer: httpx2.Response) -> Problem:
    """Return the problem that the answer contains; it has the answer's status and a next step."""
    assert answer.headers["content-type"] == "application/problem+json"
    problem = Problem.model_validate_json(answer.content)
    assert problem.status == answer.status_code
    assert problem.type == f"urn:lantern:problem:{problem.code}"
    assert problem.next_step
    return problem
