"""Extensions of Dagster that know nothing of workflows: any Dagster project may use them."""
