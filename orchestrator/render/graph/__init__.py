"""The agents and their handoffs, to look at: what is shown, and the forms in which it is written and drawn.

The same graph gives the same bytes, whatever the order of agents and handoffs in the file: the entry agent comes first,
all else in the order of its name.
"""
