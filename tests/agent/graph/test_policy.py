from agent.graph.policy import matched, policies, system_prompt
from foundation.auth import Role


def test_prompt_of_a_role_is_the_same_every_time() -> None:
    assert system_prompt(Role.CUSTOMER) == system_prompt(Role.CUSTOMER)
    assert system_prompt(Role.CUSTOMER).startswith("# Who you are")


def test_guest_is_not_shown_how_to_sell_a_membership() -> None:
    assert "subscribe" not in system_prompt(Role.GUEST).split("# Guests")[0]


def test_message_is_matched_by_its_words() -> None:
    assert matched("How do I prove my AGE?", Role.CUSTOMER) == ["40-age"]


def test_every_policy_is_for_somebody() -> None:
    assert all(policy.roles and policy.text for policy in policies())
