"""Payment gateways: epay V1 and V2, the shop system's balance, and payments done by hand."""
