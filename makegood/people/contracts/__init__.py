"""Contracts with business customers: own clocks, working hours, solution standards."""
