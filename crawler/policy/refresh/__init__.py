"""Which known pages are worth asking again, and when: rates of change, and what a budget buys most with."""
