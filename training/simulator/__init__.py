"""A street that does not exist, rendered with everything known about it.

`film.simulate` yields frames with ground truth, `samples.training_samples` mixes scenarios.
Only render.py, puppets.py and panda.py know Panda3D.
"""
