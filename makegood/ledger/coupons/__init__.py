"""Coupons that the market gives as compensation: issued, shown, used once, or lapsed."""
