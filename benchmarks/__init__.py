"""Measures of speed and endurance: `./bench` lists them, `./bench NAME` runs one."""
