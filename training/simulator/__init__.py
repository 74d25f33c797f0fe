"""A street that does not exist, rendered with everything known about it.

`film.simulate` yields frames with ground truth, `samples.training_samples` mixes scenarios.
Only render.py knows Panda3D.
"""
