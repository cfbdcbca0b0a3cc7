"""Card and panel as a type checker sees them: checked by `mypy --strict`, never run."""

from typing import assert_type

import dream_nb

dream = dream_nb.dream("a serene lake at sunset")
card = dream_nb.Card(dream)
assert_type(card.shown, dream_nb.Dream | dream_nb.Job | dream_nb.Sweep)

panel = dream_nb.Panel(prompt="a lake", loop=True)
panel.use(dream, "frame0")
assert_type(panel.generate(), list[dream_nb.Job])
assert_type(panel.dreams, dream_nb.Dreams)
assert_type(panel.code, str)
assert_type(panel.plan, dream_nb.Plan)
