import pytest

from dashboards.identity import browsers
from dashboards.identity.browsers import (
    HOUR,
    ROLE_SECONDS,
    SIGN_IN_SECONDS,
    TICKET_SECONDS,
    Browsers,
)


class Clock:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_an_operator_is_signed_in_for_some_hours_and_until_they_sign_out() -> None:
    clock = Clock()
    known = Browsers(clock)
    known.sign_in("b", "ada", is_operator=True)
    sign_in = known.signed_in("b")
    assert sign_in is not None
    assert sign_in.account == "ada"
    assert known.signed_in("c") is None

    known.sign_out("b")
    assert known.signed_in("b") is None
    known.sign_in("b", "ada", is_operator=True)
    clock.now = SIGN_IN_SECONDS + 1
    assert known.signed_in("b") is None


def test_only_a_signed_in_operator_acts_as_another_user() -> None:
    known = Browsers()
    known.view_as("b", "42")
    assert known.viewed_user("b") is None
    known.sign_in("b", "a viewer", is_operator=False)
    assert known.viewed_user("b") is None
    known.sign_in("b", "ada", is_operator=True)
    assert known.viewed_user("b") == "42"

    known.sign_out("b")
    known.sign_in("b", "ada", is_operator=True)
    assert known.viewed_user("b") is None


def test_who_is_no_operator_any_more_acts_as_nobody_else_after_some_minutes() -> None:
    clock, answers = Clock(), [True, False]
    known = Browsers(clock)
    known.sign_in("b", "ada", is_operator=True, ask=lambda: answers.pop(0))
    known.view_as("b", "42")

    seen = []
    for clock.now in (1, ROLE_SECONDS + 1, ROLE_SECONDS + 2, 3 * ROLE_SECONDS, 4 * ROLE_SECONDS):
        seen.append(known.viewed_user("b"))
    assert seen == ["42", "42", "42", None, None]
    assert answers == []


def test_acting_as_a_user_is_recorded_each_hour_and_for_each_data_set() -> None:
    clock, written = Clock(), list[tuple[str, str]]()

    def record(dataset: str, user_id: str) -> bool:
        written.append((dataset, user_id))
        return len(written) < 5

    known = Browsers(clock)
    known.sign_in("b", "ada", is_operator=True, record=record)
    assert not known.is_view_recorded("b", "films")  # they act as themselves
    known.view_as("b", "42")
    assert [known.is_view_recorded("b", name) for name in ("films", "films", "books")] == [True] * 3
    known.view_as("b", "43")
    assert known.is_view_recorded("b", "films")
    clock.now = HOUR
    assert known.is_view_recorded("b", "films") is True
    assert written == [("films", "42"), ("books", "42"), ("films", "43"), ("films", "43")]

    clock.now = 2 * HOUR
    assert not known.is_view_recorded("b", "films")
    known.sign_in("b", "a viewer", is_operator=False, record=record)
    assert not known.is_view_recorded("b", "films")
    assert len(written) == 5


def test_a_browser_that_left_has_one_new_id_in_every_tab_and_stays_signed_in() -> None:
    known = Browsers()
    known.sign_in("b", "ada", is_operator=True)
    known.view_as("b", "42")

    new = known.leave("b")
    newer = known.leave(new)

    assert len({"b", new, newer}) == 3
    assert [known.current(i) for i in ("b", new, newer, "c")] == [newer, newer, newer, "c"]
    assert known.signed_in("b") is None
    assert known.signed_in(newer) is not None
    assert known.viewed_user(newer) is None


def test_nothing_leads_from_the_id_before_a_sign_in_to_the_new_one() -> None:
    known = Browsers()
    known.sign_in("b", "earlier", is_operator=False)

    new, ticket = known.renew("b")
    known.sign_in(new, "ada", is_operator=True)

    assert known.current("b") == "b"
    assert not known.has_operator("b")
    assert known.signed_in(new) is not None
    assert ticket not in new


def test_a_ticket_is_redeemed_once_in_time_and_with_the_old_id() -> None:
    clock = Clock()
    known = Browsers(clock)
    new, ticket = known.renew("b")
    assert known.is_issued(ticket)
    assert known.redeem(ticket, "b") == new
    assert not known.is_issued(ticket)
    assert known.redeem(ticket, "b") is None
    assert known.redeem("x", "b") is None

    new, of_another = known.renew("b")
    assert known.redeem(of_another, "c") is None
    assert known.redeem(of_another, "b") == new  # another browser does not use it up
    _, late = known.renew("b")
    clock.now += TICKET_SECONDS + 1
    assert not known.is_issued(late)
    assert known.redeem(late, "b") is None


def test_actions_are_limited_per_browser_and_hour_also_after_it_left() -> None:
    clock = Clock()
    known = Browsers(clock)
    assert [known.may_act("b", 3) for _ in range(4)] == [True, True, True, False]
    assert known.may_act("c", 3)
    assert known.may_act("b", 0)  # no limit
    new = known.leave("b")
    assert not known.may_act(new, 3)

    clock.now = HOUR + 1
    assert known.may_act(new, 3)


def test_several_actions_at_once_count_as_several() -> None:
    known = Browsers(Clock())
    assert [known.may_act("b", 10, n=4) for _ in range(4)] == [True, True, True, False]


def test_downloads_have_a_limit_of_their_own() -> None:
    clock = Clock()
    known = Browsers(clock)
    assert [known.may_download("b", 2) for _ in range(3)] == [True, True, False]
    assert known.may_act("b", 1)
    assert not known.may_download(known.leave("b"), 2)

    clock.now = HOUR + 1
    assert known.may_download("b", 2)


def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browsers, "MAX_BROWSERS", 2)
    known = Browsers()
    for name in ("a", "b", "c"):
        known.sign_in(name, name, is_operator=True)

    assert known.signed_in("a") is None
    assert known.signed_in("c") is not None
    tickets = [known.renew(name)[1] for name in ("c", "c", "c")]
    assert [known.is_issued(ticket) for ticket in tickets] == [False, True, True]
