"""Limits on what a line may cost without being confirmed."""

from __future__ import annotations

from dream_nb.api.errors import BudgetError
from dream_nb.requests.plan import Plan, dollars


def check_cost(plan: Plan, budget: float | None, most: int | None) -> None:
    """Check the cost of a plan.

    Args:
        plan: the plan.
        budget: the most that it may cost, in USD cents, or None.
        most: the largest number of dreams that are paid for without a confirmation, or None.

    Raises:
        BudgetError: the plan costs too much, or has too many dreams; nothing was sent.
    """
    if plan.backend == "studio" or not plan.new:
        return
    if budget is not None and plan.cents is None:
        raise BudgetError(
            f"the price is unknown, so --budget {budget:g} cannot be checked: leave it out, or give the session prices="
        )
    if budget is not None and plan.cents is not None and plan.cents > budget:
        raise BudgetError(f"this costs {plan.cost}, and --budget allows {dollars(budget)}: raise it to continue")
    if most is not None and plan.new > most:
        raise BudgetError(
            f"{plan.new} dreams would be paid for, {plan.cost}: add --yes to pay for them, or list them with --dry-run "
            "first"
        )
