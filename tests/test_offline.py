from __future__ import annotations

import pytest

from realtime.offline import explain_offline


@pytest.mark.parametrize("value", ["1", "yes", " "])
def test_any_other_value_forbids(value: str) -> None:
    sentence = explain_offline("TMDb", {"EMODJ_OFFLINE": value})
    assert sentence == "EMODJ_OFFLINE in your environment forbids emodj to ask TMDb: unset it first"


@pytest.mark.parametrize("environment", [{}, {"EMODJ_OFFLINE": ""}, {"EMODJ_OFFLINE": "0"}])
def test_without_the_variable_and_with_none_or_0_all_may_be_asked(environment: dict[str, str]) -> None:
    assert explain_offline("TMDb", environment) is None
