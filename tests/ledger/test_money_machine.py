"""Random histories with abuse: no history pays more than was paid, or loses a cent."""

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.ledger.machine import MoneyMachine


def test_no_history_pays_too_much_or_loses_a_cent() -> None:
    run_state_machine_as_test(
        MoneyMachine,
        settings=settings(
            max_examples=500,
            stateful_step_count=30,
            suppress_health_check=list(HealthCheck),
        ),
    )
