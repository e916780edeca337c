"""How much of the agents tests have reached: what is counted, and the forms in which it is written."""
