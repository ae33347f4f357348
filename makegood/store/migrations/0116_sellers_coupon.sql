-- A seller may settle a claim with a coupon that it pays for itself.
alter table coupon drop constraint coupon_borne_by_check;
alter table coupon add constraint coupon_borne_by_check
    check (borne_by in ('platform', 'supplier', 'seller'));
