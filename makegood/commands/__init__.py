"""The commands of `makegood`, one file each.

Every module has `add(commands)`, which describes its arguments and names the function that runs
it. What a command needs to run is imported inside that function, so that `makegood serve` stays a
small process while the ones it starts carry the product.
"""
